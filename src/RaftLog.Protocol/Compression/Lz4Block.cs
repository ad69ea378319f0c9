using K4os.Compression.LZ4;

namespace RaftLog.Protocol.Compression;

/// <summary>The lz4 block format (LZ4 block format description), by K4os.Compression.LZ4.</summary>
internal static class Lz4Block
{
    /// <summary>The plain bytes of a block that is written.</summary>
    public const int LargestInput = 64 * 1024;

    /// <summary>How far a match may look back.</summary>
    public const int History = 64 * 1024;

    /// <summary>The level at which Kafka takes the fast compressor (KIP-390); every other one takes the thorough one.</summary>
    private const int FastLevel = 9;

    /// <summary>The most bytes that <see cref="Compress"/> writes for <paramref name="length"/> bytes of input.</summary>
    public static int Bound(int length) => LZ4Codec.MaximumOutputSize(length);

    /// <summary>Compresses up to <see cref="LargestInput"/> bytes; returns the bytes written.</summary>
    public static int Compress(ReadOnlySpan<byte> source, int level, Span<byte> target) => LZ4Codec.Encode(source, target, LevelOf(level));

    /// <summary>
    /// Decompresses one block behind the first <paramref name="start"/> bytes of <paramref name="window"/>; matches may reach back to
    /// <paramref name="history"/>. Returns the new end, or -1 when the block is corrupt or does not fit.
    /// </summary>
    public static int Decompress(ReadOnlySpan<byte> source, Span<byte> window, int history, int start)
    {
        ReadOnlySpan<byte> before = window[Math.Max(history, start - History)..start];
        int length = before.IsEmpty ? LZ4Codec.Decode(source, window[start..]) : LZ4Codec.Decode(source, window[start..], before);
        return length < 0 ? -1 : start + length;
    }

    private static LZ4Level LevelOf(int level) =>
        level is RecordCompression.DefaultLevel or FastLevel
            ? LZ4Level.L00_FAST
            : (LZ4Level)Math.Clamp(level, (int)LZ4Level.L03_HC, (int)LZ4Level.L12_MAX);
}
