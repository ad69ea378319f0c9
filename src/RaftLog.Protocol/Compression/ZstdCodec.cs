using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// zstd frames by the system's library, always in one call from span to span: so the library needs no window of its own, and a frame that
/// announces a huge one costs nothing.
/// </summary>
internal static unsafe class ZstdCodec
{
    /// <summary>The level that the library takes for its default.</summary>
    public const int LibraryDefaultLevel = 3;

    private const int TargetTooSmall = 70;
    private const int SmallestGuess = 4096;
    private const int GuessedRatio = 4;

    /// <summary>How far an announced size is believed at first: a few bytes must not make us rent the whole limit.</summary>
    private const int BelievedRatio = 256;
    private const ulong SizeUnknown = ulong.MaxValue;
    private const ulong NoFrame = ulong.MaxValue - 1;

    // One spare context of each kind outlives its use: whoever finds none creates one, and whoever finds the place taken frees his.
    private static nint _spareCompressor;
    private static nint _spareDecompressor;

    public static void Compress(ReadOnlySpan<byte> source, int level, PooledBuffer target)
    {
        ZstdLibrary zstd = ZstdLibrary.Instance;
        int bound = checked((int)zstd.CompressBound((nuint)source.Length));
        Span<byte> space = target.GetSpan(Math.Min(bound, target.Remaining));
        nint context = Take(ref _spareCompressor, zstd.CreateCompressor);
        nuint result;
        fixed (byte* from = source, to = space)
        {
            int chosen = level == RecordCompression.DefaultLevel ? LibraryDefaultLevel : level;
            result = zstd.Compress(context, to, (nuint)space.Length, from, (nuint)source.Length, chosen);
        }

        PutBack(ref _spareCompressor, context, zstd.FreeCompressor);
        if (zstd.IsError(result) != 0)
        {
            throw new ProtocolException($"zstd could not compress {source.Length} bytes: {zstd.Describe(result)}");
        }

        target.Advance((int)result);
    }

    public static void Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        ZstdLibrary zstd = ZstdLibrary.Instance;
        nint context = Take(ref _spareDecompressor, zstd.CreateDecompressor);
        nuint result;
        fixed (byte* from = source)
        {
            result = Decompress(zstd, context, from, (nuint)source.Length, target);
        }

        PutBack(ref _spareDecompressor, context, zstd.FreeDecompressor);
        if (zstd.IsError(result) != 0)
        {
            throw new ProtocolException($"zstd data is damaged or larger than the {target.Remaining} bytes that are left of the limit: {zstd.Describe(result)}");
        }

        target.Advance((int)result);
    }

    private static nuint Decompress(ZstdLibrary zstd, nint context, byte* from, nuint length, PooledBuffer target)
    {
        // Streaming writers leave the size out; then the space doubles until the data fits, which costs at most as much again.
        ulong announced = zstd.FrameContentSize(from, length);
        long guess = announced is SizeUnknown or NoFrame
            ? Math.Max(SmallestGuess, GuessedRatio * (long)length)
            : (long)Math.Min(announced, BelievedRatio * (ulong)length);
        while (true)
        {
            int room = (int)Math.Min(guess, target.Remaining);
            nuint result;
            fixed (byte* to = target.GetSpan(room))
            {
                result = zstd.Decompress(context, to, (nuint)room, from, length);
            }

            if (zstd.IsError(result) == 0 || zstd.ErrorCode(result) != TargetTooSmall || room == target.Remaining)
            {
                return result;
            }

            guess = Math.Max(SmallestGuess, 2L * room);
        }
    }

    private static nint Take(ref nint spare, delegate* unmanaged<nint> create)
    {
        nint context = Interlocked.Exchange(ref spare, 0);
        context = context == 0 ? create() : context;
        return context != 0 ? context : throw new OutOfMemoryException("libzstd could not allocate a context");
    }

    private static void PutBack(ref nint spare, nint context, delegate* unmanaged<nint, nuint> free)
    {
        nint previous = Interlocked.Exchange(ref spare, context);
        if (previous != 0)
        {
            free(previous);
        }
    }
}
