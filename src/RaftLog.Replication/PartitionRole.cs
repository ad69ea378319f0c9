using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// What this node is to the partition. A role is replaced whole, so a follower has no leader's fields to read:
/// <code>
///             metadata names another leader
///  PartitionLeaderRole ------------------------------> PartitionFollowerRole
///      ^  \      metadata names no leader,      ^  |
///      |   \----- or not this node's replica -> |  |
///      |                 IdleRole               |  |
///      +----------- metadata names us ----------+--+     always in a higher leader epoch
/// </code>
/// </summary>
public abstract class PartitionRole
{
    private protected PartitionRole(LeaderEpoch epoch) => Epoch = epoch;

    /// <summary>The leadership that the role belongs to.</summary>
    public LeaderEpoch Epoch { get; }
}

/// <summary>
/// Neither leading nor following: no leader is known, the node holds no replica, or it may not lead the epoch that it is named for.
/// </summary>
public sealed class IdleRole : PartitionRole
{
    internal IdleRole(LeaderEpoch epoch)
        : base(epoch) { }
}
