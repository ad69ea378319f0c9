using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>What a client was told of a partition's leader.</summary>
/// <param name="Partition">Of which.</param>
/// <param name="Epoch">In which epoch.</param>
/// <param name="Leader">Who.</param>
public readonly record struct SeenLeader(TopicPartition Partition, LeaderEpoch Epoch, NodeId Leader);
