using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The part of a replica's state that must survive a crash besides its log: the content of the file <c>quorum-state</c> (KIP-595). A node
/// that forgot it could vote twice in one epoch.
/// </summary>
/// <param name="Epoch">The highest epoch that the node has seen.</param>
/// <param name="Leader">The leader of that epoch, where known.</param>
/// <param name="Voted">The replica that got this node's vote in that epoch, or <see cref="ReplicaKey.None"/>.</param>
public readonly record struct ElectionState(LeaderEpoch Epoch, NodeId Leader, ReplicaKey Voted)
{
    /// <summary>The state of a node that has never started.</summary>
    public static readonly ElectionState Initial = new(LeaderEpoch.Zero, NodeId.None, ReplicaKey.None);
}
