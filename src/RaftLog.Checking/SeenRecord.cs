using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A record that a consumer was given, or that the final read found.</summary>
/// <param name="Consumer">Who saw it; the records of one consumer stand in a history in the order in which it saw them.</param>
/// <param name="Partition">Where.</param>
/// <param name="Offset">At which offset.</param>
/// <param name="Value">What it says.</param>
public readonly record struct SeenRecord(int Consumer, TopicPartition Partition, Offset Offset, RecordValue Value);
