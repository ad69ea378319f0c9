using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

internal static partial class EndTransactionRule
{
    /// <summary>A late request of the transaction before counts for this one.</summary>
    static partial void SeededBugTakesLateRequest(Transaction now, ref ProducerEpoch epoch) =>
        epoch = SeededBug.Is(17) && now.Status == TransactionStatus.Ongoing ? now.Epoch : epoch;
}
