using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>
/// A transactional id in memory: its durable state, and what helps to recognise repeated requests until the coordinator moves.
/// </summary>
internal sealed class TransactionEntry(Transaction durable)
{
    /// <summary>The state as the log has it.</summary>
    public Transaction Durable { get; set; } = durable;

    /// <summary>The epoch before the present one, when its producer may still repeat the request that raised it (KIP-360).</summary>
    public ProducerEpoch LastEpoch { get; set; } = ProducerEpoch.None;

    /// <summary>True when the last transaction was ended by its timeout or by another incarnation.</summary>
    public bool WasFenced { get; set; }
}
