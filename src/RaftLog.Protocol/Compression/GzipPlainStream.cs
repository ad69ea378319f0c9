using System.IO.Compression;
using System.Runtime.InteropServices;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>gzip piece by piece.</summary>
internal sealed class GzipPlainStream : PlainStream
{
    /// <summary>What the library keeps: 32 KiB of history, its tables, and the piece that it reads ahead.</summary>
    public const int Window = 64 * 1024;

    private readonly GZipStream? _gzip;

    public GzipPlainStream(ReadOnlyMemory<byte> source)
    {
        // The library writes nothing for nothing, and cannot read that back.
        if (!source.IsEmpty)
        {
            ArraySegment<byte> array = MemoryMarshal.TryGetArray(source, out ArraySegment<byte> own) ? own : source.ToArray();
            _gzip = new GZipStream(new MemoryStream(array.Array!, array.Offset, array.Count, writable: false), CompressionMode.Decompress);
        }
    }

    public override int Read(Span<byte> target)
    {
        try
        {
            return _gzip?.Read(target) ?? 0;
        }
        catch (InvalidDataException damaged)
        {
            throw new ProtocolException($"gzip data is damaged: {damaged.Message}", damaged);
        }
    }

    protected override void Dispose(bool disposing) => _gzip?.Dispose();
}
