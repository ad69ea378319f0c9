using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>
/// A transactional id in memory: its durable state, and what helps to recognise repeated requests until the coordinator moves.
/// </summary>
internal sealed class TransactionEntry(Transaction durable)
{
    /// <summary>When this coordinator first saw that the transaction is ongoing, in monotonic milliseconds; null while it is not.</summary>
    private long? _seenOngoingMs;

    /// <summary>The state as the log has it.</summary>
    public Transaction Durable
    {
        get;
        set
        {
            field = value;
            _seenOngoingMs = value.Status == TransactionStatus.Ongoing ? _seenOngoingMs : null;
        }
    } = durable;

    /// <summary>The epoch before the present one, when its producer may still repeat the request that raised it (KIP-360).</summary>
    public ProducerEpoch LastEpoch { get; set; } = ProducerEpoch.None;

    /// <summary>True when the last transaction was ended by its timeout or by another incarnation.</summary>
    public bool WasFenced { get; set; }

    /// <summary>
    /// Has the transaction been ongoing for longer than its timeout? By the wall clock since its start, as in Kafka, or by this
    /// coordinator's own time since it has first been asked: wall clocks go back, and a transaction that was begun in the future would hold
    /// up its partitions' readers until then.
    /// </summary>
    public bool IsTimedOut(CoordinatorTime now)
    {
        if (Durable.Status != TransactionStatus.Ongoing)
        {
            return false;
        }

        _seenOngoingMs ??= now.MonotonicMs;
        return Durable.StartMs + Durable.TimeoutMs < now.WallMs || _seenOngoingMs + Durable.TimeoutMs < now.MonotonicMs;
    }
}
