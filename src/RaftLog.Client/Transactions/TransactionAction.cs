namespace RaftLog.Client.Transactions;

/// <summary>What a program asks of a transactional producer.</summary>
internal enum TransactionAction
{
    /// <summary>Get ready for transactions.</summary>
    Init,

    /// <summary>Open a transaction.</summary>
    Begin,

    /// <summary>Hand over a record, or offsets.</summary>
    Write,

    /// <summary>Commit.</summary>
    Commit,

    /// <summary>Abort.</summary>
    Abort,
}
