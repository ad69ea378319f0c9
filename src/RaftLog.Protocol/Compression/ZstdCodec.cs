using RaftLog.Protocol.Wire;
using ZstdSharp.Unsafe;
using static ZstdSharp.Unsafe.Methods;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// zstd frames by ZstdSharp, always in one call from span to span: so the library needs no window of its own, and a frame that
/// announces a huge one costs nothing.
/// </summary>
internal static unsafe class ZstdCodec
{
    /// <summary>The level that the library takes for its default.</summary>
    public const int LibraryDefaultLevel = 3;

    private const int SmallestGuess = 4096;
    private const int GuessedRatio = 4;

    /// <summary>How far an announced size is believed at first: a few bytes must not make us rent the whole limit.</summary>
    private const int BelievedRatio = 256;
    private const ulong SizeUnknown = ulong.MaxValue;
    private const ulong NoFrame = ulong.MaxValue - 1;

    // One spare context of each kind outlives its use: whoever finds none creates one, and whoever finds the place taken frees his.
    private static nint _spareCompressor;
    private static nint _spareDecompressor;

    public static void Compress(ReadOnlySpan<byte> source, int level, PooledByteWriter target)
    {
        int bound = checked((int)ZSTD_compressBound((nuint)source.Length));
        Span<byte> space = target.GetSpan(Math.Min(bound, target.Remaining));
        nint context = TakeCompressor();
        nuint result;
        fixed (
            byte* from = source,
                to = space
        )
        {
            int chosen = level == RecordCompression.DefaultLevel ? LibraryDefaultLevel : level;
            result = ZSTD_compressCCtx((ZSTD_CCtx_s*)context, to, (nuint)space.Length, from, (nuint)source.Length, chosen);
        }

        context = Interlocked.Exchange(ref _spareCompressor, context);
        ZSTD_freeCCtx((ZSTD_CCtx_s*)context);
        if (ZSTD_isError(result))
        {
            throw new ProtocolException($"zstd could not compress {source.Length} bytes: {ZSTD_getErrorName(result)}");
        }

        target.Advance((int)result);
    }

    public static void Decompress(ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        nint context = TakeDecompressor();
        nuint result;
        fixed (byte* from = source)
        {
            result = Decompress((ZSTD_DCtx_s*)context, from, (nuint)source.Length, target);
        }

        context = Interlocked.Exchange(ref _spareDecompressor, context);
        ZSTD_freeDCtx((ZSTD_DCtx_s*)context);
        if (ZSTD_isError(result))
        {
            throw new ProtocolException(
                $"zstd data is corrupt or larger than the {target.Remaining} bytes that are left of the limit: {ZSTD_getErrorName(result)}"
            );
        }

        target.Advance((int)result);
    }

    private static nuint Decompress(ZSTD_DCtx_s* context, byte* from, nuint length, PooledByteWriter target)
    {
        // Streaming writers leave the size out; then the space doubles until the data fits, which costs at most as much again.
        ulong announced = ZSTD_getFrameContentSize(from, length);
        long guess = announced is SizeUnknown or NoFrame
            ? Math.Max(SmallestGuess, GuessedRatio * (long)length)
            : (long)Math.Min(announced, BelievedRatio * (ulong)length);
        while (true)
        {
            int room = (int)Math.Min(guess, target.Remaining);
            nuint result;
            fixed (byte* to = target.GetSpan(room))
            {
                result = ZSTD_decompressDCtx(context, to, (nuint)room, from, length);
            }

            if (
                !ZSTD_isError(result)
                || ZSTD_getErrorCode(result) != ZSTD_ErrorCode.ZSTD_error_dstSize_tooSmall
                || room == target.Remaining
            )
            {
                return result;
            }

            guess = Math.Max(SmallestGuess, 2L * room);
        }
    }

    private static nint TakeCompressor()
    {
        nint context = Interlocked.Exchange(ref _spareCompressor, 0);
        return Created(context == 0 ? (nint)ZSTD_createCCtx() : context);
    }

    private static nint TakeDecompressor()
    {
        nint context = Interlocked.Exchange(ref _spareDecompressor, 0);
        return Created(context == 0 ? (nint)ZSTD_createDCtx() : context);
    }

    private static nint Created(nint context) =>
        context != 0 ? context : throw new OutOfMemoryException("zstd could not allocate a context");
}
