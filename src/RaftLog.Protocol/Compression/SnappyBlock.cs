using RaftLog.Protocol.Wire;
using Snappier;

namespace RaftLog.Protocol.Compression;

/// <summary>One bare snappy block, by Snappier. The length that a block announces is not trusted.</summary>
internal static class SnappyBlock
{
    private const int LengthBytes = 5;

    /// <summary>No element of the format gives more: 64 bytes from a copy of three.</summary>
    private const long LargestRatio = 22;

    /// <summary>The most bytes that <see cref="Compress"/> writes for <paramref name="length"/> bytes of input.</summary>
    public static int Bound(int length) => Snappy.GetMaxCompressedLength(length);

    /// <summary>Compresses; returns the bytes written.</summary>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> target) => Snappy.Compress(source, target);

    /// <summary>Decompresses straight into the target.</summary>
    /// <exception cref="ProtocolException">The block is corrupt, or larger than what is left of the target's limit.</exception>
    public static void Decompress(ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        uint length = ReadLength(source);
        if (length > (uint)target.Remaining)
        {
            throw new ProtocolException(
                $"a snappy block announces {length} bytes, more than the {target.Remaining} that are left of the limit"
            );
        }

        if (length > source.Length * LargestRatio)
        {
            throw new ProtocolException($"a snappy block of {source.Length} bytes announces {length}, which it cannot hold");
        }

        if (!TryDecode(source, target.GetSpan(Math.Max(1, (int)length))[..(int)length]))
        {
            throw new ProtocolException("a snappy block is corrupt");
        }

        target.Advance((int)length);
    }

    /// <summary>The plain bytes that a block announces and can hold.</summary>
    /// <exception cref="ProtocolException">The block does not start with a length.</exception>
    public static long AnnouncedLength(ReadOnlySpan<byte> source) => Math.Min(ReadLength(source), source.Length * LargestRatio);

    private static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> output)
    {
        try
        {
            return Snappy.TryDecompress(source, output, out int written) && written == output.Length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static uint ReadLength(ReadOnlySpan<byte> source)
    {
        ulong length = 0;
        for (int position = 0; position < LengthBytes && position < source.Length; position++)
        {
            byte next = source[position];
            length |= (ulong)(next & 0x7f) << (7 * position);
            if (next < 0x80)
            {
                return length <= int.MaxValue ? (uint)length : throw new ProtocolException($"a snappy block announces {length} bytes");
            }
        }

        throw new ProtocolException("a snappy block does not start with its length");
    }
}
