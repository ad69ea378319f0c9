using RaftLog.Protocol;

namespace RaftLog.Client.Cluster;

/// <summary>A topic as the cluster's metadata describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id, or zero from old brokers.</param>
/// <param name="Error">Why it cannot be described, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Partitions">Its partitions by index, without gaps; empty on error.</param>
public sealed record TopicView(string Name, Uuid Id, ErrorCode Error, IReadOnlyList<PartitionView> Partitions);
