using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The end of a partition, and how far its transactions are decided.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="LastStable">The last stable offset: behind it a transaction is open.</param>
/// <param name="HighWatermark">The high watermark, read before.</param>
public sealed record StableEnd(TopicPartition Partition, Offset LastStable, Offset HighWatermark);
