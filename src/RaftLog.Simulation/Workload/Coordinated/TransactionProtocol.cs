namespace RaftLog.Simulation;

/// <summary>How a producer speaks of its transactions.</summary>
/// <param name="Produce">The highest version of Produce.</param>
/// <param name="EndTxn">The highest version of EndTxn.</param>
/// <param name="TxnOffsetCommit">The highest version of TxnOffsetCommit.</param>
/// <param name="AddsFirst">True when partitions and groups are added before they are used (KIP-98); else with the first use, and each
/// transaction has an epoch of its own (KIP-890).</param>
public sealed record TransactionProtocol(short Produce, short EndTxn, short TxnOffsetCommit, bool AddsFirst)
{
    /// <summary>Transactions as of KIP-98.</summary>
    public static TransactionProtocol First { get; } = new(11, 4, 4, true);

    /// <summary>Transactions as of KIP-890.</summary>
    public static TransactionProtocol Second { get; } = new(12, 5, 5, false);
}
