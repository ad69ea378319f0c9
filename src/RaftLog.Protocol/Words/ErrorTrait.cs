namespace RaftLog.Protocol;

/// <summary>What an error code says to whoever sent the request.</summary>
[Flags]
public enum ErrorTrait
{
    /// <summary>No more than that the request was rejected.</summary>
    None = 0,

    /// <summary>The same request may succeed later, or elsewhere.</summary>
    Retriable = 1,

    /// <summary>The sender's picture of the cluster is old.</summary>
    NeedsMetadata = 2,

    /// <summary>The coordinator is elsewhere, or nowhere yet.</summary>
    NeedsCoordinator = 4,

    /// <summary>The transaction that the request belongs to can only be aborted.</summary>
    NeedsAbort = 8,

    /// <summary>
    /// Another has taken the place of the sender, which can only be closed and made anew (KIP-1050: application-recoverable).
    /// </summary>
    NeedsRestart = 16,

    /// <summary>
    /// A permission, a configuration or the request itself is wrong, and stays so until somebody changes it (KIP-1050: invalid
    /// configuration).
    /// </summary>
    NeedsChange = 32,
}
