namespace RaftLog.Protocol.Records;

/// <summary>One record of a batch, as slices of the section that holds it.</summary>
public readonly ref struct Record
{
    private readonly ReadOnlySpan<byte> _section;

    internal Record(ReadOnlySpan<byte> section, RecordLayout layout, Offset offset, long timestamp)
    {
        _section = section;
        Layout = layout;
        Offset = offset;
        Timestamp = timestamp;
    }

    /// <summary>Where the record's parts stand in the section.</summary>
    public RecordLayout Layout { get; }

    /// <summary>The record's place in its log.</summary>
    public Offset Offset { get; }

    /// <summary>Milliseconds since 1970; for append time the same in the whole batch.</summary>
    public long Timestamp { get; }

    /// <summary>The key.</summary>
    public NullableBytes Key => Slice(_section, Layout.KeyStart, Layout.KeyLength);

    /// <summary>The value; null is a tombstone.</summary>
    public NullableBytes Value => Slice(_section, Layout.ValueStart, Layout.ValueLength);

    /// <summary>The headers, in order; names may repeat.</summary>
    public RecordHeaders Headers => new(_section[..Layout.End], Layout.HeadersStart, Layout.HeaderCount);

    internal static NullableBytes Slice(ReadOnlySpan<byte> section, int start, int length) =>
        length < 0 ? NullableBytes.Null : new(section.Slice(start, length));
}
