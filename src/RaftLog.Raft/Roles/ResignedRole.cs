using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// Was the leader of its epoch and may not lead in it again: what it appended then may be gone from its log, but not from others'.
/// </summary>
public sealed class ResignedRole : RaftRole
{
    internal ResignedRole(LeaderEpoch epoch, NodeId self, IReadOnlyList<NodeId> successors, int voters, long deadlineMs)
        : base(epoch, self, ReplicaKey.None)
    {
        Successors = successors;
        DeadlineMs = deadlineMs;
        Notices = new EndOfEpoch[voters];
    }

    internal override NodeId LivingLeader => NodeId.None;

    internal IReadOnlyList<NodeId> Successors { get; }

    /// <summary>When it takes part again, in the next epoch.</summary>
    internal long DeadlineMs { get; }

    /// <summary>Per voter, whether it knows.</summary>
    internal EndOfEpoch[] Notices { get; }

    /// <summary>The EndQuorumEpoch to one voter.</summary>
    internal struct EndOfEpoch
    {
        public long RequestId;
        public long SendAtMs;
        public bool IsAcknowledged;
    }
}
