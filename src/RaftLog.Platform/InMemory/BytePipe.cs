using System.Runtime.CompilerServices;
using RaftLog.Platform.Waiting;

namespace RaftLog.Platform;

/// <summary>
/// One direction of an in-memory connection: a bounded ring of bytes with one reader and one writer. A full ring holds the writer back.
/// </summary>
internal sealed class BytePipe(Waiters waiters, int maxReceive)
{
    private const int Capacity = 64 << 10;

    private readonly Lock _lock = new();
    private readonly AsyncSignal _readable = new(waiters);
    private readonly AsyncSignal _writable = new(waiters);
    private byte[] _ring = [];
    private int _start;
    private int _count;
    private bool _writerClosed;
    private bool _readerClosed;
    private bool _reset;
    private long _written;

    /// <summary>All bytes that were written. May be read from any thread.</summary>
    internal long BytesWritten => Volatile.Read(ref _written);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<int> ReadAsync(Memory<byte> target)
    {
        while (true)
        {
            if (TryRead(target.Span, out int read))
            {
                return read;
            }

            if (await _readable.WaitAsync() == WaitOutcome.Closed)
            {
                return 0;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> source)
    {
        while (source.Length > 0)
        {
            int written = TryWrite(source.Span);
            if (written < 0)
            {
                return false;
            }

            source = source[written..];
            if (written == 0 && await _writable.WaitAsync() == WaitOutcome.Closed)
            {
                return false;
            }
        }

        return true;
    }

    internal void CloseWriter()
    {
        lock (_lock)
        {
            _writerClosed = true;
        }

        Wake();
    }

    internal void CloseReader()
    {
        lock (_lock)
        {
            _readerClosed = true;
        }

        Wake();
    }

    internal void Reset()
    {
        lock (_lock)
        {
            _reset = true;
        }

        Wake();
    }

    private void Wake()
    {
        _readable.Set();
        _writable.Set();
    }

    private bool TryRead(Span<byte> target, out int read)
    {
        lock (_lock)
        {
            read = 0;
            if (_readerClosed)
            {
                return true;
            }

            if (_reset)
            {
                read = -1;
                return true;
            }

            if (_count == 0)
            {
                return _writerClosed;
            }

            read = Math.Min(Math.Min(_count, target.Length), maxReceive);
            int first = Math.Min(read, Capacity - _start);
            _ring.AsSpan(_start, first).CopyTo(target);
            _ring.AsSpan(0, read - first).CopyTo(target[first..]);
            _start = (_start + read) % Capacity;
            _count -= read;
        }

        if (read > 0)
        {
            _writable.Set();
        }

        return true;
    }

    private int TryWrite(ReadOnlySpan<byte> source)
    {
        int written;
        lock (_lock)
        {
            if (_reset || _readerClosed || _writerClosed)
            {
                return -1;
            }

            written = Math.Min(source.Length, Capacity - _count);
            if (written == 0)
            {
                return 0;
            }

            if (_ring.Length == 0)
            {
                _ring = new byte[Capacity];
            }

            int at = (_start + _count) % Capacity;
            int first = Math.Min(written, Capacity - at);
            source[..first].CopyTo(_ring.AsSpan(at));
            source[first..written].CopyTo(_ring);
            _count += written;
            Volatile.Write(ref _written, _written + written);
        }

        _readable.Set();
        return written;
    }
}
