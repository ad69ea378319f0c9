using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>A record to produce, before its key and value are bytes.</summary>
/// <param name="Key">The key, which chooses the partition; null makes a record without a key.</param>
/// <param name="Value">The value; null is a tombstone.</param>
public readonly record struct ProducerRecord<TKey, TValue>(TKey Key, TValue Value)
{
    /// <inheritdoc cref="ProducerRecord.Headers"/>
    public ReadOnlyMemory<RecordHeader> Headers { get; init; }

    /// <inheritdoc cref="ProducerRecord.Partition"/>
    public int? Partition { get; init; }

    /// <inheritdoc cref="ProducerRecord.TimestampMs"/>
    public long? TimestampMs { get; init; }
}
