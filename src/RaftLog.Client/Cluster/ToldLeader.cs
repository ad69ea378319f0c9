using RaftLog.Protocol;

namespace RaftLog.Client.Cluster;

/// <summary>A leader that a broker named while it rejected a request (KIP-951).</summary>
/// <param name="Partition">Of which partition.</param>
/// <param name="Leader">Who leads it.</param>
/// <param name="Epoch">Since which epoch.</param>
internal readonly record struct ToldLeader(TopicPartition Partition, NodeId Leader, LeaderEpoch Epoch);
