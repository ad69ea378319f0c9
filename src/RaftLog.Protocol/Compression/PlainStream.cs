using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// Decompresses piece by piece: it holds what the codec looks back at, never the whole. One reader at a time.
/// </summary>
public abstract class PlainStream : IDisposable
{
    /// <summary>Opens compressed bytes.</summary>
    /// <param name="type">The codec.</param>
    /// <param name="source">The compressed bytes, from anyone; they must stay as they are until the end.</param>
    /// <param name="windowLimit">The most bytes that may be held; see <see cref="WindowOf"/>.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    public static PlainStream Open(CompressionType type, ReadOnlyMemory<byte> source, long windowLimit) =>
        type switch
        {
            CompressionType.None => new StoredStream(source),
            CompressionType.Gzip => new GzipPlainStream(source),
            CompressionType.Snappy => new SnappyPlainStream(source, windowLimit),
            CompressionType.Lz4 => new Lz4PlainStream(source, windowLimit),
            CompressionType.Zstd => new ZstdPlainStream(source, windowLimit),
            _ => throw RecordCompression.Unknown(type),
        };

    /// <summary>
    /// The bytes that reading will hold at the most, by the word of the compressed bytes themselves. Damaged ones give any number.
    /// </summary>
    public static long WindowOf(CompressionType type, ReadOnlySpan<byte> source) =>
        type switch
        {
            CompressionType.Gzip => GzipPlainStream.Window,
            CompressionType.Snappy => SnappyPlainStream.Window(source),
            CompressionType.Lz4 => Lz4PlainStream.Window(source),
            CompressionType.Zstd => ZstdPlainStream.Window(source),
            _ => 0,
        };

    /// <summary>Writes the next plain bytes; the number of them, 0 only at the end.</summary>
    /// <param name="target">Where they go, not empty.</param>
    /// <exception cref="ProtocolException">The bytes are damaged, or need a larger window than was allowed.</exception>
    public abstract int Read(Span<byte> target);

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives buffers back.</summary>
    protected virtual void Dispose(bool disposing) { }

    /// <summary>Copies from a decoded block; the number of bytes taken.</summary>
    private protected static int Take(ReadOnlySpan<byte> block, Span<byte> target)
    {
        int length = Math.Min(block.Length, target.Length);
        block[..length].CopyTo(target);
        return length;
    }

    private sealed class StoredStream(ReadOnlyMemory<byte> source) : PlainStream
    {
        private int _position;

        public override int Read(Span<byte> target)
        {
            int taken = Take(source.Span[_position..], target);
            _position += taken;
            return taken;
        }
    }
}
