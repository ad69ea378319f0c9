using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Consume;

/// <summary>A record that was read, with bytes of its own.</summary>
/// <param name="Partition">The partition that it was read from.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="LeaderEpoch">The epoch of the leader that appended it.</param>
/// <param name="TimestampMs">Its time in milliseconds since 1970.</param>
/// <param name="Key">Its key, or null.</param>
/// <param name="Value">Its value; null is a tombstone.</param>
/// <param name="Headers">Its headers, in order.</param>
public sealed record ConsumedRecord(
    TopicPartition Partition,
    Offset Offset,
    LeaderEpoch LeaderEpoch,
    long TimestampMs,
    byte[]? Key,
    byte[]? Value,
    IReadOnlyList<RecordHeader> Headers
);
