using System.Buffers.Binary;

namespace RaftLog.Protocol.Compression;

/// <summary>The lz4 block format: sequences of literals and a match, each behind a token (LZ4 block format description).</summary>
internal static class Lz4Block
{
    /// <summary>The largest input of <see cref="Compress"/>: every distance fits the format's 16 bits.</summary>
    public const int LargestInput = 64 * 1024;

    private const int MinMatch = 4;

    /// <summary>The format ends every block with literals; these many bytes at least.</summary>
    private const int LastLiterals = 5;

    /// <summary>No match starts within these many bytes of the end.</summary>
    private const int MatchMargin = 12;

    private const int TokenMax = 15;
    private const int HashBits = 13;

    /// <summary>The most bytes that <see cref="Compress"/> writes for <paramref name="length"/> bytes of input.</summary>
    public static int Bound(int length) => length + (length / 255) + 16;

    /// <summary>Compresses up to <see cref="LargestInput"/> bytes by a greedy search in one hash table; returns the bytes written.</summary>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        Span<ushort> table = stackalloc ushort[1 << HashBits];
        int written = 0;
        int anchor = 0;
        int position = 1;
        int lastStart = source.Length - MatchMargin;
        while (position <= lastStart)
        {
            uint sequence = Read(source, position);
            ref ushort slot = ref table[(int)((sequence * 2654435761u) >> (32 - HashBits))];
            int candidate = slot;
            slot = (ushort)position;
            if (candidate >= position || Read(source, candidate) != sequence)
            {
                // The longer nothing matches, the larger the steps: data that does not compress passes quickly.
                position += 1 + ((position - anchor) >> 6);
                continue;
            }

            while (position > anchor && candidate > 0 && source[position - 1] == source[candidate - 1])
            {
                position--;
                candidate--;
            }

            int limit = source.Length - LastLiterals;
            int length = MinMatch + source[(position + MinMatch)..limit].CommonPrefixLength(source[(candidate + MinMatch)..limit]);
            written = WriteSequence(source[anchor..position], target, written, length - MinMatch);
            BinaryPrimitives.WriteUInt16LittleEndian(target[(written - ExtraBytes(length - MinMatch) - sizeof(ushort))..], (ushort)(position - candidate));
            position += length;
            anchor = position;
        }

        return WriteLastLiterals(source[anchor..], target, written);
    }

    /// <summary>
    /// Decompresses one block behind the first <paramref name="start"/> bytes of <paramref name="window"/>; matches may reach back to
    /// <paramref name="history"/>. Returns the new end, or -1 when the block is damaged or does not fit.
    /// </summary>
    public static int Decompress(ReadOnlySpan<byte> source, Span<byte> window, int history, int start)
    {
        int read = 0;
        int written = start;
        while (read < source.Length)
        {
            int token = source[read++];
            int literals = token >> 4;
            if (!TryExtend(source, ref read, ref literals) || literals > source.Length - read || literals > window.Length - written)
            {
                return -1;
            }

            source.Slice(read, literals).CopyTo(window[written..]);
            read += literals;
            written += literals;
            if (read == source.Length)
            {
                return written;
            }

            if (source.Length - read < sizeof(ushort))
            {
                return -1;
            }

            int distance = BinaryPrimitives.ReadUInt16LittleEndian(source[read..]);
            read += sizeof(ushort);
            int length = token & TokenMax;
            if (!TryExtend(source, ref read, ref length) || distance == 0 || distance > written - history
                || length > window.Length - written - MinMatch)
            {
                return -1;
            }

            OverlappingCopy.Repeat(window, written, distance, length + MinMatch);
            written += length + MinMatch;
        }

        return -1;
    }

    private static uint Read(ReadOnlySpan<byte> source, int position) => BinaryPrimitives.ReadUInt32LittleEndian(source[position..]);

    private static int ExtraBytes(int length) => length < TokenMax ? 0 : ((length - TokenMax) / 255) + 1;

    /// <summary>Writes token, literals, room for the distance and the match's extra length.</summary>
    private static int WriteSequence(ReadOnlySpan<byte> literals, Span<byte> target, int written, int matchLength)
    {
        target[written] = (byte)((Math.Min(literals.Length, TokenMax) << 4) | Math.Min(matchLength, TokenMax));
        written = WriteLiterals(literals, target, written + 1);
        return WriteExtra(matchLength, target, written + sizeof(ushort));
    }

    private static int WriteLastLiterals(ReadOnlySpan<byte> literals, Span<byte> target, int written)
    {
        target[written] = (byte)(Math.Min(literals.Length, TokenMax) << 4);
        return WriteLiterals(literals, target, written + 1);
    }

    private static int WriteLiterals(ReadOnlySpan<byte> literals, Span<byte> target, int written)
    {
        written = WriteExtra(literals.Length, target, written);
        literals.CopyTo(target[written..]);
        return written + literals.Length;
    }

    private static int WriteExtra(int length, Span<byte> target, int written)
    {
        if (length < TokenMax)
        {
            return written;
        }

        for (length -= TokenMax; length >= 255; length -= 255)
        {
            target[written++] = 255;
        }

        target[written++] = (byte)length;
        return written;
    }

    private static bool TryExtend(ReadOnlySpan<byte> source, ref int read, ref int length)
    {
        if (length != TokenMax)
        {
            return true;
        }

        while (read < source.Length)
        {
            byte next = source[read++];
            length += next;
            if (next != 255)
            {
                return true;
            }
        }

        return false;
    }
}
