using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Consume;

/// <summary>A record that was read, with its key and value as a program knows them.</summary>
/// <param name="Raw">The record as bytes.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
public sealed record ConsumedRecord<TKey, TValue>(ConsumedRecord Raw, TKey Key, TValue Value)
{
    /// <inheritdoc cref="ConsumedRecord.Partition"/>
    public TopicPartition Partition => Raw.Partition;

    /// <inheritdoc cref="ConsumedRecord.Offset"/>
    public Offset Offset => Raw.Offset;

    /// <inheritdoc cref="ConsumedRecord.TimestampMs"/>
    public long TimestampMs => Raw.TimestampMs;

    /// <inheritdoc cref="ConsumedRecord.Headers"/>
    public IReadOnlyList<RecordHeader> Headers => Raw.Headers;
}
