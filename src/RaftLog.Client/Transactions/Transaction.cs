using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Client.Transactions;

/// <summary>
/// A transaction that is open: all of its records and offsets become visible to consumers with <c>isolation.level=read_committed</c>, or
/// none. Disposed without having been committed it is aborted.
/// </summary>
public sealed class Transaction : IAsyncDisposable
{
    private readonly Producer _producer;
    private readonly ProducerTransactions _transactions;
    private readonly long _number;

    internal Transaction(Producer producer, ProducerTransactions transactions, long number) =>
        (_producer, _transactions, _number) = (producer, transactions, number);

    /// <summary>As <see cref="Producer.ProduceAsync"/>, which does the same while the transaction is open.</summary>
    /// <exception cref="KafkaException">The transaction has ended or failed, or the record was not acknowledged: abort it then.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<ProduceResult> ProduceAsync(string topic, in ProducerRecord record, CancellationToken cancel = default)
    {
        try
        {
            _transactions.EnsureCurrent(_number);
        }
        catch (KafkaException e)
        {
            return ValueTask.FromException<ProduceResult>(e);
        }

        return _producer.ProduceAsync(topic, record, cancel);
    }

    /// <summary>
    /// Commits offsets of a consumer's group with the transaction, so that what was read counts as read exactly when what was written is
    /// there.
    /// </summary>
    /// <param name="group">The consumer's place in its group, which fences it once it has lost it (KIP-447).</param>
    /// <param name="offsets">Of each partition the next offset to read.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">They will not be committed: abort the transaction.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled: abort the transaction.</exception>
    public ValueTask SendOffsetsAsync(
        ConsumerGroupMetadata group,
        IReadOnlyDictionary<TopicPartition, Offset> offsets,
        CancellationToken cancel = default
    ) => _transactions.SendOffsetsAsync(_number, group, offsets, cancel);

    /// <summary>Commits, once every record is acknowledged. Awaiting the records before is not necessary.</summary>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">
    /// Where it <see cref="KafkaException.NeedsAbort"/> nothing was committed, where it <see cref="KafkaException.IsFatal"/> neither; where
    /// it is retriable, nobody knows yet: call it again.
    /// </exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; nobody knows whether it is committed: call it
    /// again.</exception>
    public ValueTask CommitAsync(CancellationToken cancel = default) => _transactions.CommitAsync(_number, cancel);

    /// <summary>Aborts: no reader of committed records will see any of it.</summary>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">The coordinator cannot be reached in time (call it again), or another producer has taken
    /// over.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask AbortAsync(CancellationToken cancel = default) => _transactions.AbortAsync(_number, cancel);

    /// <summary>
    /// Aborts unless it has ended. Does not throw: what cannot be ended now is told to whoever begins the next transaction.
    /// </summary>
    public ValueTask DisposeAsync() => _transactions.TryEndAsync(_number);
}
