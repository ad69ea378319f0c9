using RaftLog.Protocol;

namespace RaftLog.Client.Cluster;

/// <summary>A partition as the cluster's metadata describes it.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Leader">Its leader, or <see cref="NodeId.None"/>.</param>
/// <param name="LeaderEpoch">The leader's epoch, or <see cref="Protocol.LeaderEpoch.None"/> from old brokers.</param>
/// <param name="Error">Why it has no leader, or <see cref="ErrorCode.None"/>.</param>
public sealed record PartitionView(int Index, NodeId Leader, LeaderEpoch LeaderEpoch, ErrorCode Error)
{
    /// <summary>The brokers that hold a copy.</summary>
    public IReadOnlyList<NodeId> Replicas { get; init; } = [];
}
