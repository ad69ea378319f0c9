using RaftLog.Protocol;

namespace RaftLog.Platform.Buffers;

/// <summary>
/// A frame of announced length that is received into one buffer, and then the next one with the same object. It takes memory as its bytes
/// arrive, in steps of at most four times what has come. While half of the pool is free it begins with up to 1 MiB, so that an ordinary
/// frame is never copied; after that with a few KiB, so that peers that announce much and send nothing never use the pool up.
/// </summary>
public sealed partial class IncomingFrame : IDisposable
{
    private BufferPool? _pool;
    private PooledBuffer? _buffer;

    /// <summary>The announced length, which the caller has checked against its own limit.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes that have arrived.</summary>
    public int Received { get; private set; }

    /// <summary>True when all bytes are here.</summary>
    public bool IsComplete => Received == Length;

    /// <summary>Where the next bytes go. Empty only when the frame is complete.</summary>
    public Memory<byte> Free => Buffer.Memory[Received..];

    private PooledBuffer Buffer => _buffer ?? throw new ObjectDisposedException(nameof(IncomingFrame));

    /// <summary>Begins a frame; false when the pool's budget is used up. The frame before it was handed over, or is given up.</summary>
    public bool TryStart(BufferPool pool, int length)
    {
        Dispose();
        int share = pool.FreeBytes > pool.MaxBytes / 2 ? BufferPool.LargestSlab : BufferPool.SmallestSlab;
        _pool = pool;
        _buffer = pool.TryRent(Math.Min(length, share));
        Length = length;
        Received = 0;
        return _buffer is not null;
    }

    /// <summary>
    /// Takes note that bytes were received into <see cref="Free"/>, and makes room for the next. False when the pool's budget is used up:
    /// the connection must be closed, since half a frame is of no use and holds memory.
    /// </summary>
    public bool TryAdvance(int received)
    {
        PooledBuffer buffer = Buffer;
        Invariant.Holds(received >= 0 && received <= buffer.Length - Received, "P-03", "more bytes were received than there was room for");
        Received += received;
        if (Received < buffer.Length || IsComplete)
        {
            return true;
        }

        if (_pool!.TryReplace(buffer, (int)Math.Min(Length, 4L * buffer.Length)) is not { } larger)
        {
            return false;
        }

        buffer.Span[..Received].CopyTo(larger.Span);
        _buffer = larger;
        buffer.Release();
        return true;
    }

    /// <summary>
    /// Hands the complete frame over: a buffer of exactly <see cref="Length"/> bytes, whose one reference is the caller's.
    /// </summary>
    public PooledBuffer Detach()
    {
        Invariant.Holds(IsComplete, "P-03", "a frame was taken before it was complete");
        PooledBuffer buffer = Buffer;
        _buffer = null;
        return buffer;
    }

    partial void SeededBugKeepsWhatIsCutShort();

    /// <summary>Gives the memory back, unless the frame was handed over.</summary>
    public void Dispose()
    {
        SeededBugKeepsWhatIsCutShort();
        _buffer?.Release();
        _buffer = null;
    }
}
