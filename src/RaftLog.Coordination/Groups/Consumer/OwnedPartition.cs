using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>A partition that a member of a consumer group owns.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="SinceEpoch">The member epoch in which it got the partition (KIP-1251); commits of that epoch and later ones are its
/// own.</param>
internal readonly record struct OwnedPartition(TopicIdPartition Partition, int SinceEpoch);
