using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>In an epoch without a leader to follow: none is known, or the one that was is gone. May have voted.</summary>
public sealed class UnattachedRole : RaftRole
{
    internal UnattachedRole(LeaderEpoch epoch, NodeId leader, ReplicaKey voted, long electionDeadlineMs)
        : base(epoch, leader, voted) => ElectionDeadlineMs = electionDeadlineMs;

    internal override NodeId LivingLeader => NodeId.None;

    /// <summary>When a voter asks for pre-votes.</summary>
    internal long ElectionDeadlineMs { get; }

    /// <summary>An observer's search for a leader.</summary>
    internal PendingFetch Fetch { get; } = new();
}
