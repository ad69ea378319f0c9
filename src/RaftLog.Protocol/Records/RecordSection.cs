using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Records;

/// <summary>
/// The plain records of a batch: its own bytes, or a rented buffer with the decompressed ones, given back by <see cref="Dispose"/>.
/// </summary>
public readonly ref struct RecordSection : IDisposable
{
    private readonly RecordBatch _batch;
    private readonly PooledByteWriter? _rented;

    private RecordSection(RecordBatch batch, PooledByteWriter? rented)
    {
        _batch = batch;
        _rented = rented;
    }

    /// <summary>The plain records.</summary>
    public ReadOnlySpan<byte> Bytes => _rented is null ? _batch.Section : _rented.Written;

    /// <summary>Opens the records of <paramref name="batch"/>.</summary>
    /// <param name="batch">The batch; its checksum was verified before, or damage shows as an exception here.</param>
    /// <param name="limit">The most bytes that compressed records may grow to.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    /// <exception cref="ProtocolException">The compressed bytes are damaged or would grow over the limit.</exception>
    public static RecordSection Open(RecordBatch batch, int limit)
    {
        CompressionType compression = batch.Attributes.Compression;
        if (compression == CompressionType.None)
        {
            return new(batch, null);
        }

        PooledByteWriter rented = new(limit);
        try
        {
            RecordCompression.Decompress(compression, batch.Section, rented);
        }
        catch
        {
            rented.Dispose();
            throw;
        }

        return new(batch, rented);
    }

    /// <summary>Reads the records, for <c>foreach</c>.</summary>
    public RecordReader GetEnumerator() => new(_batch, Bytes);

    /// <inheritdoc />
    public void Dispose() => _rented?.Dispose();
}
