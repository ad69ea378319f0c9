using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>What a node believes about the leadership of the quorum.</summary>
/// <param name="Leader">The leader, or <see cref="NodeId.None"/> while there is none that the node knows.</param>
/// <param name="Epoch">The epoch that the node is in.</param>
public readonly record struct LeaderAndEpoch(NodeId Leader, LeaderEpoch Epoch);
