using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// A record to produce. Its bytes are copied before <see cref="Producer.ProduceAsync"/> returns, unless that has to wait first.
/// </summary>
/// <param name="Key">The key, which chooses the partition, or null.</param>
/// <param name="Value">The value; null is a tombstone.</param>
public readonly record struct ProducerRecord(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>A record of arrays, of which null stays null (as memory a null array would be empty).</summary>
    public ProducerRecord(byte[]? key, byte[]? value)
        : this(OrNull(key), OrNull(value)) { }

    /// <summary>The headers, in order.</summary>
    public ReadOnlyMemory<RecordHeader> Headers { get; init; }

    /// <summary>The partition, or null to let the key choose, or without a key the producer.</summary>
    public int? Partition { get; init; }

    /// <summary>Milliseconds since 1970, or null for now.</summary>
    public long? TimestampMs { get; init; }

    /// <summary>The same record with bytes of its own.</summary>
    internal ProducerRecord Copy() => this with { Key = CopyOf(Key), Value = CopyOf(Value), Headers = CopyOf(Headers.Span) };

    private static RecordHeader[] CopyOf(ReadOnlySpan<RecordHeader> headers)
    {
        RecordHeader[] copies = headers.ToArray();
        for (int i = 0; i < copies.Length; i++)
        {
            copies[i] = copies[i] with { Value = CopyOf(copies[i].Value) };
        }

        return copies;
    }

    private static ReadOnlyMemory<byte>? CopyOf(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } present ? present.ToArray() : new ReadOnlyMemory<byte>?();

    // A conditional expression would turn null into empty memory, too.
    private static ReadOnlyMemory<byte>? OrNull(byte[]? bytes) => bytes is null ? new ReadOnlyMemory<byte>?() : bytes.AsMemory();
}
