using System.Buffers.Binary;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// Reads one bare snappy block straight into the target: no array per block, and no trust in the length that the block announces.
/// </summary>
internal static class SnappyBlock
{
    private const int LengthBytes = 5;

    /// <summary>No element of the format gives more: 64 bytes from a copy of three.</summary>
    private const long LargestRatio = 22;

    public static void Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        int position = 0;
        uint length = ReadLength(source, ref position);
        if (length > (uint)target.Remaining)
        {
            throw new ProtocolException($"a snappy block announces {length} bytes, more than the {target.Remaining} that are left of the limit");
        }

        if (length > source.Length * LargestRatio)
        {
            throw new ProtocolException($"a snappy block of {source.Length} bytes announces {length}, which it cannot hold");
        }

        if (length == 0)
        {
            return;
        }

        if (!TryDecode(source[position..], target.GetSpan((int)length)[..(int)length]))
        {
            throw new ProtocolException("a snappy block is damaged");
        }

        target.Advance((int)length);
    }

    /// <summary>The plain bytes that a block announces and can hold.</summary>
    public static long AnnouncedLength(ReadOnlySpan<byte> source)
    {
        int position = 0;
        return Math.Min(ReadLength(source, ref position), source.Length * LargestRatio);
    }

    private static uint ReadLength(ReadOnlySpan<byte> source, ref int position)
    {
        ulong length = 0;
        while (position < LengthBytes && position < source.Length)
        {
            byte next = source[position];
            length |= (ulong)(next & 0x7f) << (7 * position);
            position++;
            if (next < 0x80)
            {
                return length <= int.MaxValue ? (uint)length : throw new ProtocolException($"a snappy block announces {length} bytes");
            }
        }

        throw new ProtocolException("a snappy block does not start with its length");
    }

    /// <summary>Decodes literals and copies; true when the output is exactly full at the end of the input.</summary>
    private static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> output)
    {
        int read = 0;
        int written = 0;
        while (read < source.Length)
        {
            byte tag = source[read++];
            int length;
            if ((tag & 3) == 0)
            {
                if (!TryReadLiteralLength(source, tag, ref read, out length) || length > source.Length - read || length > output.Length - written)
                {
                    return false;
                }

                source.Slice(read, length).CopyTo(output[written..]);
                read += length;
            }
            else
            {
                if (!TryReadCopy(source, tag, ref read, out length, out uint distance)
                    || distance == 0 || distance > (uint)written || length > output.Length - written)
                {
                    return false;
                }

                OverlappingCopy.Repeat(output, written, (int)distance, length);
            }

            written += length;
        }

        return written == output.Length;
    }

    private static bool TryReadLiteralLength(ReadOnlySpan<byte> source, byte tag, ref int read, out int length)
    {
        length = (tag >> 2) + 1;
        int extra = (tag >> 2) - 59;
        if (extra <= 0)
        {
            return true;
        }

        if (extra > source.Length - read)
        {
            return false;
        }

        uint value = 0;
        for (int i = 0; i < extra; i++)
        {
            value |= (uint)source[read++] << (8 * i);
        }

        length = value < int.MaxValue ? (int)value + 1 : int.MaxValue;
        return true;
    }

    private static bool TryReadCopy(ReadOnlySpan<byte> source, byte tag, ref int read, out int length, out uint distance)
    {
        int size = (tag & 3) switch { 1 => 1, 2 => 2, _ => 4 };
        length = size == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
        distance = 0;
        if (size > source.Length - read)
        {
            return false;
        }

        distance = size switch
        {
            1 => ((uint)(tag >> 5) << 8) | source[read],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(source[read..]),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(source[read..]),
        };
        read += size;
        return true;
    }
}
