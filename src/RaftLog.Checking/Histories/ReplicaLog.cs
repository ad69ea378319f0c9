using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One replica's log after the run.</summary>
/// <param name="Node">Whose it is.</param>
/// <param name="Partition">Of which partition.</param>
/// <param name="HighWatermark">The partition's end of what is committed, the same for all replicas of a history.</param>
/// <param name="Batches">Its batches, in the order of the file.</param>
public sealed record ReplicaLog(NodeId Node, TopicPartition Partition, Offset HighWatermark, IReadOnlyList<ReplicaBatch> Batches);
