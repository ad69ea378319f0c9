using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>
/// Keeps the requests of one producer in the order in which they came while some of them wait for a transaction coordinator: else a later
/// batch could be appended before an earlier one, and its producer would be told that its sequence is out of order.
/// </summary>
internal sealed class ProducerTurns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ProducerId, ProducerTurn> _last = [];

    /// <summary>True while a request of the producer has a turn: the next one has to take one too.</summary>
    public bool IsTaken(ProducerId producer)
    {
        lock (_gate)
        {
            return _last.ContainsKey(producer);
        }
    }

    /// <summary>Takes the next turn of a producer; dispose it when the request's batches are appended.</summary>
    public ProducerTurn Take(ProducerId producer)
    {
        lock (_gate)
        {
            ProducerTurn turn = new(this, producer, _last.GetValueOrDefault(producer)?.Over ?? Task.CompletedTask);
            _last[producer] = turn;
            return turn;
        }
    }

    internal void End(ProducerTurn turn)
    {
        lock (_gate)
        {
            if (_last.GetValueOrDefault(turn.Producer) == turn)
            {
                _last.Remove(turn.Producer);
            }
        }
    }
}

/// <summary>One request's turn.</summary>
internal sealed class ProducerTurn(ProducerTurns turns, ProducerId producer, Task before) : IDisposable
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The producer.</summary>
    public ProducerId Producer => producer;

    /// <summary>Ends when the turn has come.</summary>
    public Task Begins => before;

    internal Task Over => _over.Task;

    /// <inheritdoc />
    public void Dispose()
    {
        turns.End(this);
        _over.TrySetResult();
    }
}
