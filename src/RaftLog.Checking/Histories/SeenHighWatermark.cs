using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// What a response to a fetch said of the high watermark; those of one consumer stand in a history in the order of its fetches.
/// </summary>
/// <param name="Consumer">Who was told.</param>
/// <param name="Partition">Of which.</param>
/// <param name="Leadership">In which leader epoch.</param>
/// <param name="HighWatermark">The high watermark.</param>
public readonly record struct SeenHighWatermark(int Consumer, TopicPartition Partition, LeaderEpoch Leadership, Offset HighWatermark);
