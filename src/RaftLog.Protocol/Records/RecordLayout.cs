using System.Runtime.CompilerServices;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Where the parts of one record stand in an uncompressed section: plain numbers, so they can be kept and applied to the section's memory
/// later.
/// </summary>
public readonly struct RecordLayout
{
    private const int Null = -1;

    /// <summary>The smallest record: seven fields of one byte.</summary>
    internal const int SmallestRecord = 7;

    /// <summary>The first byte of the record, its length included.</summary>
    public int Start { get; private init; }

    /// <summary>The first byte of the next record.</summary>
    public int End { get; private init; }

    /// <summary>Milliseconds from the batch's base timestamp.</summary>
    public long TimestampDelta { get; private init; }

    /// <summary>Distance from the batch's base offset.</summary>
    public int OffsetDelta { get; private init; }

    /// <summary>The first byte of the key's length, with which begins what does not depend on the batch.</summary>
    public int KeyLengthStart { get; private init; }

    /// <summary>The first byte of the key.</summary>
    public int KeyStart { get; private init; }

    /// <summary>The length of the key, -1 for null.</summary>
    public int KeyLength { get; private init; }

    /// <summary>The first byte of the value.</summary>
    public int ValueStart { get; private init; }

    /// <summary>The length of the value, -1 for null.</summary>
    public int ValueLength { get; private init; }

    /// <summary>The first byte of the first header.</summary>
    public int HeadersStart { get; private init; }

    /// <summary>The number of headers.</summary>
    public int HeaderCount { get; private init; }

    /// <summary>Finds the parts of the record at <paramref name="start"/>, checking every length on the way.</summary>
    /// <param name="section">The uncompressed records, from anyone.</param>
    /// <param name="start">Where a record starts.</param>
    /// <param name="record">The layout when nothing is wrong; else not to be read.</param>
    public static RecordFault Read(ReadOnlySpan<byte> section, int start, out RecordLayout record)
    {
        Unsafe.SkipInit(out record); // Clearing 56 bytes a record shows; nobody reads them after a fault.
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

        int keyLengthStart = position;
        if (!ZigZag.TryRead(body, ref position, out int keyLength))
        {
            return RecordFault.LengthMismatch;
        }

        int keyStart = position;
        if (keyLength < Null || keyLength > end - position)
        {
            return RecordFault.BadLength;
        }

        position += Math.Max(keyLength, 0);
        if (!ZigZag.TryRead(body, ref position, out int valueLength))
        {
            return RecordFault.LengthMismatch;
        }

        int valueStart = position;
        if (valueLength < Null || valueLength > end - position)
        {
            return RecordFault.BadLength;
        }

        position += Math.Max(valueLength, 0);
        if (!ZigZag.TryRead(body, ref position, out int headerCount))
        {
            return RecordFault.LengthMismatch;
        }

        record = new()
        {
            Start = start,
            End = end,
            TimestampDelta = timestampDelta,
            OffsetDelta = offsetDelta,
            KeyLengthStart = keyLengthStart,
            KeyStart = keyStart,
            KeyLength = keyLength,
            ValueStart = valueStart,
            ValueLength = valueLength,
            HeadersStart = position,
            HeaderCount = headerCount,
        };
        return headerCount != 0 ? CheckHeaders(body, position, headerCount)
            : position == end ? RecordFault.None
            : RecordFault.LengthMismatch;
    }

    private static RecordFault CheckHeaders(ReadOnlySpan<byte> body, int position, int count)
    {
        // A header takes two bytes at least, which bounds the loop by the bytes that are there.
        if (count < 0 || count > (body.Length - position) / 2)
        {
            return RecordFault.BadLength;
        }

        for (int i = 0; i < count; i++)
        {
            if (!ZigZag.TryRead(body, ref position, out int keyLength))
            {
                return RecordFault.LengthMismatch;
            }

            if (keyLength < 0 || keyLength > body.Length - position)
            {
                return RecordFault.BadLength;
            }

            position += keyLength;
            if (!ZigZag.TryRead(body, ref position, out int valueLength))
            {
                return RecordFault.LengthMismatch;
            }

            if (valueLength < Null || valueLength > body.Length - position)
            {
                return RecordFault.BadLength;
            }

            position += Math.Max(valueLength, 0);
        }

        return position == body.Length ? RecordFault.None : RecordFault.LengthMismatch;
    }
}
