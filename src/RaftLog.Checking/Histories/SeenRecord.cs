using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A record that a consumer was given, or that the final read found.</summary>
/// <param name="Consumer">Who saw it; the records of one consumer stand in a history in the order in which it saw them.</param>
/// <param name="Partition">Where.</param>
/// <param name="Offset">At which offset.</param>
/// <param name="Value">What it says.</param>
public readonly record struct SeenRecord(int Consumer, TopicPartition Partition, Offset Offset, RecordValue Value)
{
    /// <summary>The epoch of the leader that appended it; null where the reader did not look.</summary>
    public LeaderEpoch? Epoch { get; init; }

    /// <summary>Which poll of the run gave it; 0 where the reader did not count.</summary>
    public int Poll { get; init; }

    /// <summary>When, in microseconds of the run; null where nobody looked at the clock.</summary>
    public long? AtUs { get; init; }
}
