namespace RaftLog.Checking;

/// <summary>What the client was told about a send.</summary>
public enum SendOutcome
{
    /// <summary>
    /// Nothing that decides it: a timeout, a lost connection, or no response until the end. The record may be there or not.
    /// </summary>
    Unknown,

    /// <summary>It is there, and must stay.</summary>
    Acknowledged,

    /// <summary>It is not there, and must never be.</summary>
    Rejected,
}
