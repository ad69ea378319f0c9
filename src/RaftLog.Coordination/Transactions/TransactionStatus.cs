namespace RaftLog.Coordination.Transactions;

/// <summary>
/// Where the transaction of a transactional id stands (KIP-98). The number stands in records of <c>__transaction_state</c>, the name in
/// responses.
/// </summary>
public enum TransactionStatus : sbyte
{
    /// <summary>There is a producer and it has not begun anything since it got its epoch.</summary>
    Empty = 0,

    /// <summary>Partitions belong to a transaction that is not decided.</summary>
    Ongoing = 1,

    /// <summary>Decided: the markers are on their way.</summary>
    PrepareCommit = 2,

    /// <summary>Decided: the markers are on their way.</summary>
    PrepareAbort = 3,

    /// <summary>Every partition has its marker.</summary>
    CompleteCommit = 4,

    /// <summary>Every partition has its marker.</summary>
    CompleteAbort = 5,

    /// <summary>The id is about to be forgotten. RaftLog does not write it: a tombstone says the same.</summary>
    Dead = 6,

    /// <summary>
    /// A new incarnation is about to abort the transaction of an old one. RaftLog does not write it: it goes to <see cref="PrepareAbort"/>
    /// at once.
    /// </summary>
    PrepareEpochFence = 7,
}

/// <summary>The rules of <see cref="TransactionStatus"/>.</summary>
public static class TransactionStatuses
{
    /// <summary>True while a transaction is decided and not yet complete.</summary>
    public static bool IsPrepared(this TransactionStatus status) =>
        status is TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort;

    /// <summary>True while no transaction is open: the id may expire.</summary>
    public static bool IsIdle(this TransactionStatus status) =>
        status is TransactionStatus.Empty or TransactionStatus.CompleteCommit or TransactionStatus.CompleteAbort;

    /// <summary>True when a record of the second status may follow one of the first: the table of KIP-98 and KIP-890.</summary>
    public static bool MayFollow(TransactionStatus from, TransactionStatus to) =>
        to switch
        {
            TransactionStatus.Empty => from.IsIdle(),
            TransactionStatus.Ongoing => from.IsIdle() || from == TransactionStatus.Ongoing,
            TransactionStatus.PrepareCommit => from == TransactionStatus.Ongoing,
            TransactionStatus.PrepareAbort => from.IsIdle() || from == TransactionStatus.Ongoing,
            TransactionStatus.CompleteCommit => from == TransactionStatus.PrepareCommit,
            TransactionStatus.CompleteAbort => from == TransactionStatus.PrepareAbort,
            _ => false,
        };
}
