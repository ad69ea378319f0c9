namespace RaftLog.Replication;

/// <summary>Whether an append that asked for <c>acks=all</c> may be answered.</summary>
public enum CommitVerdict
{
    /// <summary>Not yet: wait for the high watermark.</summary>
    Waiting,

    /// <summary>On disk on every in-sync replica, and those are enough.</summary>
    Committed,

    /// <summary>On disk on every in-sync replica, but fewer than the minimum are left (NOT_ENOUGH_REPLICAS_AFTER_APPEND).</summary>
    TooFewInSync,

    /// <summary>The leadership that appended it is over, so nothing can be said of it (NOT_LEADER_OR_FOLLOWER).</summary>
    LeadershipLost,
}

/// <summary>How many replicas must have a record before its producer gets a response (<c>acks</c>).</summary>
public enum RequiredAcks : short
{
    /// <summary>Every in-sync replica.</summary>
    All = -1,

    /// <summary>No response at all.</summary>
    None = 0,

    /// <summary>The leader alone.</summary>
    Leader = 1,
}
