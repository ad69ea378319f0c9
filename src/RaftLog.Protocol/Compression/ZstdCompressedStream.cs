using RaftLog.Protocol.Wire;
using ZstdSharp.Unsafe;
using static ZstdSharp.Unsafe.Methods;

namespace RaftLog.Protocol.Compression;

/// <summary>zstd piece by piece, for what is too large to be held whole.</summary>
internal sealed unsafe class ZstdCompressedStream : CompressedStream
{
    private const int Piece = 16 * 1024;

    private readonly PooledByteWriter _target;
    private nint _context;

    public ZstdCompressedStream(int level, PooledByteWriter target)
    {
        _target = target;
        _context = (nint)ZSTD_createCCtx();
        if (_context == 0)
        {
            throw new OutOfMemoryException("zstd could not allocate a context");
        }

        int chosen = level == RecordCompression.DefaultLevel ? ZstdCodec.LibraryDefaultLevel : level;
        ZSTD_CCtx_setParameter((ZSTD_CCtx_s*)_context, ZSTD_cParameter.ZSTD_c_compressionLevel, chosen);
    }

    ~ZstdCompressedStream() => Dispose(false);

    public override void Write(ReadOnlySpan<byte> plain) => Run(plain, ZSTD_EndDirective.ZSTD_e_continue);

    public override void Finish() => Run([], ZSTD_EndDirective.ZSTD_e_end);

    protected override void Dispose(bool disposing)
    {
        nint context = Interlocked.Exchange(ref _context, 0);
        ZSTD_freeCCtx((ZSTD_CCtx_s*)context);
    }

    private void Run(ReadOnlySpan<byte> plain, ZSTD_EndDirective directive)
    {
        fixed (byte* from = plain)
        {
            ZSTD_inBuffer_s input = new() { src = from, size = (nuint)plain.Length };
            nuint left;
            do
            {
                // At the limit of the target one byte is asked for, which throws: there is more to write than is allowed.
                Span<byte> space = _target.GetSpan(Math.Max(1, Math.Min(Piece, _target.Remaining)));
                fixed (byte* to = space)
                {
                    ZSTD_outBuffer_s output = new() { dst = to, size = (nuint)space.Length };
                    left = ZSTD_compressStream2((ZSTD_CCtx_s*)_context, &output, &input, directive);
                    if (ZSTD_isError(left))
                    {
                        throw new ProtocolException($"zstd could not compress: {ZSTD_getErrorName(left)}");
                    }

                    _target.Advance((int)output.pos);
                }
            } while (directive == ZSTD_EndDirective.ZSTD_e_end ? left != 0 : input.pos < input.size);
        }
    }
}
