using System.Buffers.Binary;
using System.Numerics;
using RaftLog.Protocol.Wire;
using ZstdSharp.Unsafe;
using static ZstdSharp.Unsafe.Methods;

namespace RaftLog.Protocol.Compression;

/// <summary>zstd piece by piece. The library keeps the window that the frame asks for, and no more than is allowed here.</summary>
internal sealed unsafe class ZstdPlainStream : PlainStream
{
    private const uint FrameMagic = 0xFD2FB528;
    private const int SmallestWindowLog = 10;

    /// <summary>The largest window that the library and Kafka's clients take by default.</summary>
    private const int LargestWindowLog = 27;

    private readonly ReadOnlyMemory<byte> _source;
    private nint _context;
    private int _position;
    private nuint _hint;

    public ZstdPlainStream(ReadOnlyMemory<byte> source, long windowLimit)
    {
        _source = source;
        _context = (nint)ZSTD_createDCtx();
        if (_context == 0)
        {
            throw new OutOfMemoryException("zstd could not allocate a context");
        }

        int log =
            windowLimit >= 1L << LargestWindowLog
                ? LargestWindowLog
                : BitOperations.Log2((ulong)Math.Max(windowLimit, 1L << SmallestWindowLog));
        ZSTD_DCtx_setParameter((ZSTD_DCtx_s*)_context, ZSTD_dParameter.ZSTD_d_windowLogMax, log);
    }

    ~ZstdPlainStream() => Dispose(false);

    /// <summary>
    /// The window of the first frame, by its head (RFC 8878, section 3.1.1.1), as a power of two; the largest where no frame begins.
    /// </summary>
    public static long Window(ReadOnlySpan<byte> source)
    {
        long window = WindowOfFrame(source) ?? 1L << LargestWindowLog;
        return window >= 1L << LargestWindowLog ? 1L << LargestWindowLog : (long)BitOperations.RoundUpToPowerOf2((ulong)window);
    }

    public override int Read(Span<byte> target)
    {
        nuint result;
        ZSTD_outBuffer_s output;
        ZSTD_inBuffer_s input;
        fixed (
            byte* to = target,
                from = _source.Span
        )
        {
            input = new ZSTD_inBuffer_s
            {
                src = from,
                size = (nuint)_source.Length,
                pos = (nuint)_position,
            };
            output = new ZSTD_outBuffer_s { dst = to, size = (nuint)target.Length };
            do
            {
                if (input.pos == input.size && _hint == 0)
                {
                    return 0; // All frames are at their end.
                }

                nuint before = input.pos;
                result = ZSTD_decompressStream((ZSTD_DCtx_s*)_context, &output, &input);
                if (ZSTD_isError(result))
                {
                    throw new ProtocolException(
                        $"zstd data is corrupt, or needs a larger window than is allowed here: {ZSTD_getErrorName(result)}"
                    );
                }

                _hint = result;
                if (output.pos == 0 && input.pos == before && result != 0)
                {
                    throw new ProtocolException("zstd data ends inside a frame");
                }
            } while (output.pos == 0);
        }

        _position = (int)input.pos;
        return (int)output.pos;
    }

    protected override void Dispose(bool disposing)
    {
        nint context = Interlocked.Exchange(ref _context, 0);
        ZSTD_freeDCtx((ZSTD_DCtx_s*)context);
    }

    private static long? WindowOfFrame(ReadOnlySpan<byte> source)
    {
        if (source.Length < 6 || BinaryPrimitives.ReadUInt32LittleEndian(source) != FrameMagic)
        {
            return null;
        }

        byte descriptor = source[4];
        bool isSingleSegment = (descriptor & 0x20) != 0;
        if (!isSingleSegment)
        {
            long basis = 1L << (SmallestWindowLog + (source[5] >> 3));
            return basis + (basis / 8 * (source[5] & 7));
        }

        int dictionaryBytes = (descriptor & 3) switch
        {
            0 => 0,
            1 => 1,
            2 => 2,
            _ => 4,
        };
        ReadOnlySpan<byte> size = source[(5 + dictionaryBytes)..];
        return (descriptor >> 6) switch
        {
            0 when size.Length >= 1 => size[0],
            1 when size.Length >= 2 => BinaryPrimitives.ReadUInt16LittleEndian(size) + 256,
            2 when size.Length >= 4 => BinaryPrimitives.ReadUInt32LittleEndian(size),
            3 when size.Length >= 8 => (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(size), long.MaxValue),
            _ => null,
        };
    }
}
