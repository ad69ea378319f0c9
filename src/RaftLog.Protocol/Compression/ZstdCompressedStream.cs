using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>zstd piece by piece, for what is too large to be held whole.</summary>
internal sealed unsafe class ZstdCompressedStream : CompressedStream
{
    private const int CompressionLevel = 100;
    private const int Continue = 0;
    private const int End = 2;
    private const int Piece = 16 * 1024;

    private readonly PooledBuffer _target;
    private readonly ZstdLibrary _zstd = ZstdLibrary.Instance;
    private nint _context;

    public ZstdCompressedStream(int level, PooledBuffer target)
    {
        _target = target;
        _context = _zstd.CreateCompressor();
        if (_context == 0)
        {
            throw new OutOfMemoryException("libzstd could not allocate a context");
        }

        _zstd.SetCompressorParameter(_context, CompressionLevel, level == RecordCompression.DefaultLevel ? ZstdCodec.LibraryDefaultLevel : level);
    }

    ~ZstdCompressedStream() => Dispose(false);

    public override void Write(ReadOnlySpan<byte> plain) => Run(plain, Continue);

    public override void Finish() => Run([], End);

    protected override void Dispose(bool disposing)
    {
        nint context = Interlocked.Exchange(ref _context, 0);
        if (context != 0)
        {
            _zstd.FreeCompressor(context);
        }
    }

    private void Run(ReadOnlySpan<byte> plain, int directive)
    {
        fixed (byte* from = plain)
        {
            ZstdSpace input = new() { Start = from, Size = (nuint)plain.Length };
            nuint left;
            do
            {
                // At the limit of the target one byte is asked for, which throws: there is more to write than is allowed.
                Span<byte> space = _target.GetSpan(Math.Max(1, Math.Min(Piece, _target.Remaining)));
                fixed (byte* to = space)
                {
                    ZstdSpace output = new() { Start = to, Size = (nuint)space.Length };
                    left = _zstd.CompressPiece(_context, &output, &input, directive);
                    if (_zstd.IsError(left) != 0)
                    {
                        throw new ProtocolException($"zstd could not compress: {_zstd.Describe(left)}");
                    }

                    _target.Advance((int)output.Position);
                }
            }
            while (directive == End ? left != 0 : input.Position < input.Size);
        }
    }
}
