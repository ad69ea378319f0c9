using RaftLog.Client.Connections;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Client.Transactions;

/// <summary>The transactions of a producer: their ends wait for its records, and all of it has its deadlines.</summary>
/// <param name="options">The producer's options.</param>
/// <param name="runtime">Clock and waits.</param>
/// <param name="flow">Decides and asks the coordinator.</param>
/// <param name="sender">What is in the queues.</param>
/// <param name="flushAsync">Waits for all records of the producer, those too that wait for metadata or memory.</param>
internal sealed class ProducerTransactions(
    ProducerOptions options,
    ClientRuntime runtime,
    TransactionFlow flow,
    ProduceSender sender,
    Func<CancellationToken, ValueTask> flushAsync
)
{
    public bool IsUnderWay => flow.IsUnderWay;

    public ValueTask InitAsync(CancellationToken cancel) => flow.InitAsync(() => FlushQueuesAsync(cancel), NewDeadline(cancel));

    /// <returns>The number of the transaction.</returns>
    public long Begin() => flow.Begin();

    /// <exception cref="KafkaException">It is not the producer's transaction any more.</exception>
    public void EnsureCurrent(long transaction) => flow.EnsureCurrent(transaction);

    public ValueTask SendOffsetsAsync(
        long transaction,
        ConsumerGroupMetadata group,
        IReadOnlyDictionary<TopicPartition, Offset> offsets,
        CancellationToken cancel
    ) => flow.SendOffsetsAsync(transaction, group, offsets, NewDeadline(cancel));

    public ValueTask CommitAsync(long transaction, CancellationToken cancel)
    {
        flow.EnsureCurrent(transaction);
        return flow.CommitAsync(() => flushAsync(cancel), EndDeadline(cancel));
    }

    public ValueTask AbortAsync(long transaction, CancellationToken cancel)
    {
        flow.EnsureCurrent(transaction);
        return flow.AbortAsync(() => FlushQueuesAsync(cancel), EndDeadline(cancel));
    }

    /// <summary>
    /// Ends a transaction that nobody will end any more; what cannot be ended now is ended by the coordinator, or by the next producer.
    /// </summary>
    public async ValueTask TryEndAsync(long transaction)
    {
        if (flow.IsCurrent(transaction))
        {
            await TryEndAsync(EndDeadline(default));
        }
    }

    /// <summary>The same for whichever is under way.</summary>
    public async ValueTask TryEndAsync(CallDeadline deadline)
    {
        Func<ValueTask> flushQueuesAsync = async () => await sender.FlushAsync(deadline);
        try
        {
            await (flow.IsCommitting ? flow.CommitAsync(flushQueuesAsync, deadline) : flow.AbortAsync(flushQueuesAsync, deadline));
        }
        catch (KafkaException)
        {
            // Whoever begins the next transaction hears of it.
        }
    }

    /// <summary>Waits for all that is in the queues, where a transaction that is aborted rejects what has not left.</summary>
    private async ValueTask FlushQueuesAsync(CancellationToken cancel) =>
        await sender.FlushAsync(new CallDeadline(runtime.Waiters, options.DeliveryTimeout, cancel));

    private CallDeadline NewDeadline(CancellationToken cancel) => new(runtime.Waiters, options.MaxBlock, cancel);

    /// <summary>Until when a transaction is to have ended: its records first, then the coordinator.</summary>
    private CallDeadline EndDeadline(CancellationToken cancel) => new(runtime.Waiters, options.DeliveryTimeout + options.MaxBlock, cancel);
}
