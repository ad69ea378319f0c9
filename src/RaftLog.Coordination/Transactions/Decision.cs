using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>What a request about one transactional id comes to.</summary>
/// <param name="Error">NONE, or why nothing changes.</param>
/// <param name="Next">How the transaction stands next; null when nothing changes.</param>
internal readonly record struct Decision(ErrorCode Error, Transaction? Next)
{
    /// <summary>The epoch before, whose producer may repeat its request; none when it may not.</summary>
    public ProducerEpoch LastEpoch { get; init; } = ProducerEpoch.None;

    /// <summary>True when the coordinator ends a transaction that its producer has not ended.</summary>
    public bool IsFence { get; init; }

    /// <summary>Nothing is to be done.</summary>
    public static Decision Done => new(ErrorCode.None, null);

    /// <summary>An error.</summary>
    public static Decision Rejected(ErrorCode error) => new(error, null);
}
