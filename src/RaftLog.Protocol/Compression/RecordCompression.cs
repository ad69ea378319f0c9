using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>The codecs of record batches. The header of a batch is never compressed; its records are, as one block.</summary>
public static class RecordCompression
{
    /// <summary>A level that asks for the codec's own default.</summary>
    public const int DefaultLevel = int.MinValue;

    /// <summary>True for the five codecs that exist; the attributes of a batch have room for eight.</summary>
    public static bool Exists(CompressionType type) => type <= CompressionType.Zstd;

    /// <summary>
    /// True for compressed bytes that every client reads, as far as their head tells: no lz4 frame with linked blocks, which Java clients
    /// refuse.
    /// </summary>
    /// <param name="type">The codec.</param>
    /// <param name="source">The compressed bytes.</param>
    public static bool IsReadByAll(CompressionType type, ReadOnlySpan<byte> source) =>
        type != CompressionType.Lz4 || !Lz4Frame.MayHaveLinkedBlocks(source);

    /// <summary>Compresses <paramref name="source"/> and appends the result to <paramref name="target"/>.</summary>
    /// <param name="type">The codec.</param>
    /// <param name="level">gzip 1..9 or -1, lz4 1..17 (9 is the fast one), zstd -131072..22; snappy has none. <see cref="DefaultLevel"/>
    /// everywhere.</param>
    /// <param name="source">The plain bytes.</param>
    /// <param name="target">Where the compressed bytes go.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    /// <exception cref="ProtocolException">The limit of <paramref name="target"/> is reached.</exception>
    public static void Compress(CompressionType type, int level, ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        if (type == CompressionType.Zstd)
        {
            // In one call the library chooses its tables by the size of the whole.
            ZstdCodec.Compress(source, level, target);
            return;
        }

        using CompressedStream stream = CompressedStream.Open(type, level, target);
        stream.Write(source);
        stream.Finish();
    }

    /// <summary>
    /// Decompresses <paramref name="source"/> and appends the result to <paramref name="target"/>, whose limit is the guard against data
    /// that grows without measure: no codec rents or asks its library for more than that, whatever the bytes announce.
    /// </summary>
    /// <param name="type">The codec.</param>
    /// <param name="source">The compressed bytes, from anyone.</param>
    /// <param name="target">Where the plain bytes go; on failure it holds an unspecified part of them.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    /// <exception cref="ProtocolException">The bytes are damaged, or the plain bytes would exceed the limit.</exception>
    public static void Decompress(CompressionType type, ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        switch (type)
        {
            case CompressionType.None:
                target.Write(source);
                break;
            case CompressionType.Gzip:
                GzipCodec.Decompress(source, target);
                break;
            case CompressionType.Snappy:
                SnappyCodec.Decompress(source, target);
                break;
            case CompressionType.Lz4:
                Lz4Frame.Decompress(source, target);
                break;
            case CompressionType.Zstd:
                ZstdCodec.Decompress(source, target);
                break;
            default:
                throw Unknown(type);
        }
    }

    internal static UnsupportedCompressionException Unknown(CompressionType type) =>
        new($"compression type {(int)type} does not exist; the known ones are 0 (none), 1 (gzip), 2 (snappy), 3 (lz4) and 4 (zstd)");
}
