using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using RaftLog.Platform.Buffers;

namespace RaftLog.Platform.Rpc;

/// <summary>
/// Cuts a connection's bytes into frames: an int32 length, then that many bytes. Small frames that arrive together cost one receive;
/// a large one is received straight into its own buffer, which grows as its bytes come in. One reader at a time; after any status but
/// <see cref="FrameStatus.Complete"/> there is nothing more to read.
/// </summary>
/// <param name="connection">Where the bytes come from.</param>
/// <param name="pool">Where frames are put.</param>
/// <param name="maxFrameBytes">The largest frame that is accepted.</param>
/// <param name="smallPool">Where frames of up to <see cref="SmallFrameBytes"/> are put, so that large ones never take their memory; null
/// for the same place.</param>
public sealed class FrameReader(IConnection connection, BufferPool pool, int maxFrameBytes, BufferPool? smallPool = null)
{
    /// <summary>The largest frame that counts as small.</summary>
    public const int SmallFrameBytes = 64 << 10;

    private const int IntakeSize = 4096;

    private readonly byte[] _intake = new byte[IntakeSize];
    private readonly IncomingFrame _frame = new();
    private int _start;
    private int _end;
    private long _bytesReceived;
    private volatile bool _isMidFrame;

    /// <summary>All bytes that have come, those of a frame that is not complete included. May be read from any thread.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>True while <see cref="ReadAsync"/> waits for the rest of a frame that has begun. May be read from any thread.</summary>
    public bool IsMidFrame => _isMidFrame;

    /// <summary>The next frame, or why there is none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<FrameRead> ReadAsync()
    {
        try
        {
            return await ReadFrameAsync();
        }
        finally
        {
            _isMidFrame = false;
            _frame.Dispose();
        }
    }

    /// <summary>
    /// While nobody reads a frame: receives what comes next, so that the peer's end is noticed while its request is answered. Await it
    /// before the next <see cref="ReadAsync"/>. It ends at once where a whole frame has come already, since the peer may wait for that
    /// one's response before it sends more, and where there is no room.
    /// </summary>
    /// <returns>False when the peer has closed or reset the connection.</returns>
    public async Task<bool> ReadAheadAsync()
    {
        MoveToFront();
        return HoldsWholeFrame || _end == IntakeSize || await ReceiveAsync() > 0;
    }

    private bool HoldsWholeFrame => _end >= sizeof(int) && BinaryPrimitives.ReadInt32BigEndian(_intake) <= _end - sizeof(int);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FrameRead> ReadFrameAsync()
    {
        while (_end - _start < sizeof(int))
        {
            MoveToFront();
            _isMidFrame = _end > 0;
            int received = await ReceiveAsync();
            if (received <= 0)
            {
                return Ended(received, 0);
            }
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(_intake.AsSpan(_start));
        if (length <= 0 || length > maxFrameBytes)
        {
            return new FrameRead(FrameStatus.BadLength, null, length);
        }

        _start += sizeof(int);
        _isMidFrame = true;
        IncomingFrame frame = _frame;
        if (!frame.TryStart(length <= SmallFrameBytes && smallPool is not null ? smallPool : pool, length) || !TakeFromIntake(frame))
        {
            return new FrameRead(FrameStatus.NoMemory, null, length);
        }

        while (!frame.IsComplete)
        {
            int received = await connection.ReceiveAsync(frame.Free);
            if (received <= 0)
            {
                return Ended(received, length);
            }

            Count(received);
            if (!frame.TryAdvance(received))
            {
                return new FrameRead(FrameStatus.NoMemory, null, length);
            }
        }

        return new FrameRead(FrameStatus.Complete, frame.Detach(), length);
    }

    /// <summary>Receives into the intake, which has room.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync()
    {
        int received = await connection.ReceiveAsync(_intake.AsMemory(_end));
        if (received > 0)
        {
            _end += received;
            Count(received);
        }

        return received;
    }

    private static FrameRead Ended(int received, int length) => new(received == 0 ? FrameStatus.Closed : FrameStatus.Reset, null, length);

    private void Count(int received) => Volatile.Write(ref _bytesReceived, _bytesReceived + received);

    private void MoveToFront()
    {
        _intake.AsSpan(_start, _end - _start).CopyTo(_intake);
        _end -= _start;
        _start = 0;
    }

    private bool TakeFromIntake(IncomingFrame frame)
    {
        while (!frame.IsComplete && _end > _start)
        {
            int count = Math.Min(_end - _start, frame.Free.Length);
            _intake.AsSpan(_start, count).CopyTo(frame.Free.Span);
            _start += count;
            if (!frame.TryAdvance(count))
            {
                return false;
            }
        }

        return true;
    }
}
