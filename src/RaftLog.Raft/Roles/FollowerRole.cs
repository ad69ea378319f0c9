using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Copies the log of the leader of its epoch.</summary>
public sealed class FollowerRole : RaftRole
{
    internal FollowerRole(LeaderEpoch epoch, NodeId leader, ReplicaKey voted, long fetchDeadlineMs)
        : base(epoch, leader, voted) => FetchDeadlineMs = fetchDeadlineMs;

    /// <summary>When a voter stops waiting for its leader; moved on by every response of the leader.</summary>
    internal long FetchDeadlineMs { get; set; }

    /// <summary>True once the leader has answered a fetch: there is a leader that works, and pre-votes are rejected.</summary>
    internal bool HasFetched { get; set; }

    internal PendingFetch Fetch { get; } = new();
}
