namespace RaftLog.Protocol.Records;

/// <summary>
/// Where the parts of one record stand in an uncompressed section: plain numbers, so they can be kept and applied to the section's memory later.
/// </summary>
public readonly struct RecordLayout
{
    private const int Null = -1;

    /// <summary>The smallest record: seven fields of one byte.</summary>
    internal const int SmallestRecord = 7;

    private RecordLayout(int start, int end, long timestampDelta, int offsetDelta, Part key, Part value, Part headers)
    {
        Start = start;
        End = end;
        TimestampDelta = timestampDelta;
        OffsetDelta = offsetDelta;
        KeyStart = key.Start;
        KeyLength = key.Length;
        ValueStart = value.Start;
        ValueLength = value.Length;
        HeadersStart = headers.Start;
        HeaderCount = headers.Length;
    }

    /// <summary>The first byte of the record, its length included.</summary>
    public int Start { get; }

    /// <summary>The first byte of the next record.</summary>
    public int End { get; }

    /// <summary>Milliseconds from the batch's base timestamp.</summary>
    public long TimestampDelta { get; }

    /// <summary>Distance from the batch's base offset.</summary>
    public int OffsetDelta { get; }

    /// <summary>The first byte of the key.</summary>
    public int KeyStart { get; }

    /// <summary>The length of the key, -1 for null.</summary>
    public int KeyLength { get; }

    /// <summary>The first byte of the value.</summary>
    public int ValueStart { get; }

    /// <summary>The length of the value, -1 for null.</summary>
    public int ValueLength { get; }

    /// <summary>The first byte of the first header.</summary>
    public int HeadersStart { get; }

    /// <summary>The number of headers.</summary>
    public int HeaderCount { get; }

    /// <summary>Finds the parts of the record at <paramref name="start"/>, checking every length on the way.</summary>
    /// <param name="section">The uncompressed records, from anyone.</param>
    /// <param name="start">Where a record starts.</param>
    /// <param name="record">The layout when nothing is wrong.</param>
    public static RecordFault Read(ReadOnlySpan<byte> section, int start, out RecordLayout record)
    {
        record = default;
        int position = start;
        if (!ZigZag.TryRead(section, ref position, out int length) || length < 0 || length > section.Length - position)
        {
            return RecordFault.Truncated;
        }

        int end = position + length;
        ReadOnlySpan<byte> body = section[..end];
        position++; // Attributes: no bit of them has a meaning.
        if (!ZigZag.TryRead(body, ref position, out long timestampDelta) || !ZigZag.TryRead(body, ref position, out int offsetDelta))
        {
            return RecordFault.LengthMismatch;
        }

        RecordFault fault = ReadPart(body, ref position, out Part key);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        fault = ReadPart(body, ref position, out Part value);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        fault = SkipHeaders(body, ref position, out Part headers);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        record = new(start, end, timestampDelta, offsetDelta, key, value, headers);
        return position == end ? RecordFault.None : RecordFault.LengthMismatch;
    }

    private static RecordFault ReadPart(ReadOnlySpan<byte> body, ref int position, out Part part)
    {
        part = default;
        if (!ZigZag.TryRead(body, ref position, out int length))
        {
            return RecordFault.LengthMismatch;
        }

        if (length < Null || length > body.Length - position)
        {
            return RecordFault.BadLength;
        }

        part = new(position, length);
        position += Math.Max(length, 0);
        return RecordFault.None;
    }

    private static RecordFault SkipHeaders(ReadOnlySpan<byte> body, ref int position, out Part headers)
    {
        headers = default;
        if (!ZigZag.TryRead(body, ref position, out int count))
        {
            return RecordFault.LengthMismatch;
        }

        // A header takes two bytes at least, which bounds the loop by the bytes that are there.
        if (count < 0 || count > (body.Length - position) / 2)
        {
            return RecordFault.BadLength;
        }

        headers = new(position, count);
        for (int i = 0; i < count; i++)
        {
            RecordFault fault = ReadPart(body, ref position, out Part key);
            if (fault == RecordFault.None && key.Length < 0)
            {
                fault = RecordFault.BadLength;
            }

            if (fault == RecordFault.None)
            {
                fault = ReadPart(body, ref position, out _);
            }

            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        return RecordFault.None;
    }

    private readonly record struct Part(int Start, int Length);
}
