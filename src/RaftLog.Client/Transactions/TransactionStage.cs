namespace RaftLog.Client.Transactions;

/// <summary>Where a transactional producer stands.</summary>
internal enum TransactionStage
{
    /// <summary>It has no producer id yet.</summary>
    Uninitialized,

    /// <summary>Its coordinator is asked for an id.</summary>
    Initializing,

    /// <summary>No transaction is open.</summary>
    Ready,

    /// <summary>A transaction is open.</summary>
    Open,

    /// <summary>The open transaction can only be aborted.</summary>
    MustAbort,

    /// <summary>A commit has begun. Until it has ended nobody knows whether it will be one.</summary>
    Committing,

    /// <summary>An abort has begun.</summary>
    Aborting,

    /// <summary>The producer can only be closed.</summary>
    Fatal,
}
