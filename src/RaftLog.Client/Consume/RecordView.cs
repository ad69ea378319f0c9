using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Consume;

/// <summary>
/// One record as slices of the fetch that it came with: read it before moving on, or copy it with <see cref="ToRecord"/>.
/// </summary>
public readonly ref struct RecordView
{
    private readonly Record _record;

    internal RecordView(TopicPartition partition, LeaderEpoch leaderEpoch, Record record)
    {
        Partition = partition;
        LeaderEpoch = leaderEpoch;
        _record = record;
    }

    /// <summary>The partition that it was read from.</summary>
    public TopicPartition Partition { get; }

    /// <summary>The epoch of the leader that appended it.</summary>
    public LeaderEpoch LeaderEpoch { get; }

    /// <summary>Its offset.</summary>
    public Offset Offset => _record.Offset;

    /// <summary>Its time in milliseconds since 1970.</summary>
    public long TimestampMs => _record.Timestamp;

    /// <summary>Its key.</summary>
    public NullableBytes Key => _record.Key;

    /// <summary>Its value; null is a tombstone.</summary>
    public NullableBytes Value => _record.Value;

    /// <summary>Its headers, in order.</summary>
    public RecordHeaders Headers => _record.Headers;

    /// <summary>A copy that outlives the fetch.</summary>
    public ConsumedRecord ToRecord()
    {
        List<RecordHeader> headers = [];
        foreach (RecordHeaders header in Headers)
        {
            headers.Add(new RecordHeader(header.Key, header.Value.ToArray()));
        }

        return new ConsumedRecord(Partition, Offset, LeaderEpoch, TimestampMs, Key.ToArray(), Value.ToArray(), headers);
    }
}
