using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Asks whether it would be elected, without disturbing anyone (KIP-996).</summary>
public sealed class ProspectiveRole : RaftRole
{
    internal ProspectiveRole(LeaderEpoch epoch, NodeId leader, ReplicaKey voted, bool leaderIsGone, Ballot ballot, long deadlineMs)
        : base(epoch, leader, voted)
    {
        LeaderIsGone = leaderIsGone;
        Ballot = ballot;
        DeadlineMs = deadlineMs;
    }

    internal override NodeId LivingLeader => NodeId.None;

    /// <summary>True when there is evidence that the known leader does not lead any more, not just silence.</summary>
    internal bool LeaderIsGone { get; }

    internal Ballot Ballot { get; }

    /// <summary>When it gives up; brought forward when there is little hope.</summary>
    internal long DeadlineMs { get; set; }
}
