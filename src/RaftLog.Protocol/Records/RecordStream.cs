using System.Buffers;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Reads the numbers of a batch's records while they are decompressed piece by piece: keys, values and headers are passed over, so a record
/// of any size and a batch of any size cost one window. For those who need the bytes there is <see cref="RecordSection"/>. One thread at a
/// time.
/// </summary>
public sealed class RecordStream : IDisposable
{
    private const int WindowBytes = 16 * 1024;

    private readonly PlainStream _plain;
    private readonly int _recordLimit;
    private readonly long _limit;
    private byte[] _window = ArrayPool<byte>.Shared.Rent(WindowBytes);
    private int _start;
    private int _end;
    private long _passed;
    private bool _ended;

    /// <summary>Opens the records of a batch.</summary>
    /// <param name="compression">The batch's codec.</param>
    /// <param name="section">The records as stored; they must stay as they are until the end.</param>
    /// <param name="limits">What is passed over at the most.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    /// <exception cref="ProtocolException">The compressed bytes do not begin as they must.</exception>
    public RecordStream(CompressionType compression, ReadOnlyMemory<byte> section, RecordStreamLimits limits)
    {
        _plain = PlainStream.Open(compression, section, limits.WindowBytes);
        _recordLimit = limits.RecordBytes;
        _limit = limits.TotalBytes;
    }

    /// <summary>The plain bytes of the records read so far.</summary>
    public long Position => _passed + _start;

    /// <summary>Reads the next record's numbers.</summary>
    /// <param name="record">The numbers, when nothing is wrong.</param>
    /// <returns><see cref="RecordFault.TooLarge"/> for a record above the limit; else as <see cref="RecordLayout.Read"/>.</returns>
    /// <exception cref="ProtocolException">The compressed bytes are damaged.</exception>
    /// <exception cref="SizeLimitException">All records together are larger than the limit.</exception>
    public RecordFault Read(out StreamedRecord record)
    {
        record = default;
        Fill(ZigZag.LargestInt32);
        int at = _start;
        if (!ZigZag.TryRead(_window.AsSpan(0, _end), ref at, out int length) || length < 0)
        {
            return RecordFault.Truncated;
        }

        if (length > _recordLimit)
        {
            return RecordFault.TooLarge;
        }

        int whole = at - _start + length;
        if (Fill(whole))
        {
            RecordFault fault = RecordLayout.Read(_window.AsSpan(0, _end), _start, out RecordLayout layout);
            if (fault == RecordFault.None)
            {
                record = new StreamedRecord(layout.OffsetDelta, layout.TimestampDelta, layout.KeyLength);
                _start = layout.End;
            }

            return fault;
        }

        if (whole <= _window.Length)
        {
            return RecordFault.Truncated;
        }

        _start = at;
        return ReadLarge(length, out record);
    }

    /// <summary>True when no plain byte is left.</summary>
    /// <exception cref="ProtocolException">The compressed bytes are damaged.</exception>
    public bool IsAtEnd() => !Fill(1);

    /// <inheritdoc />
    public void Dispose()
    {
        _plain.Dispose();
        byte[] window = Interlocked.Exchange(ref _window, []);
        if (window.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    /// <summary>A record that is larger than the window: its parts are passed over one after the other.</summary>
    private RecordFault ReadLarge(int length, out StreamedRecord record)
    {
        record = default;
        long end = Position + length;
        if (
            !Skip(1, end)
            || !TryRead(end, out long timestampDelta)
            || !TryRead(end, out int offsetDelta)
            || !TryRead(end, out int keyLength)
        )
        {
            return FaultAt(end);
        }

        RecordFault fault = SkipPart(keyLength, end);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        if (!TryRead(end, out int valueLength))
        {
            return FaultAt(end);
        }

        fault = SkipPart(valueLength, end);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        if (!TryRead(end, out int headers))
        {
            return FaultAt(end);
        }

        if (headers < 0 || headers > (end - Position) / 2)
        {
            return RecordFault.BadLength;
        }

        for (int i = 0; i < headers * 2; i++)
        {
            if (!TryRead(end, out int partLength))
            {
                return FaultAt(end);
            }

            bool isKey = i % 2 == 0;
            fault = isKey && partLength < 0 ? RecordFault.BadLength : SkipPart(partLength, end);
            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        record = new StreamedRecord(offsetDelta, timestampDelta, keyLength);
        return Position == end ? RecordFault.None : RecordFault.LengthMismatch;
    }

    private RecordFault FaultAt(long end) =>
        _ended && Position + (_end - _start) < end ? RecordFault.Truncated : RecordFault.LengthMismatch;

    private RecordFault SkipPart(int length, long end)
    {
        if (length < -1 || length > end - Position)
        {
            return RecordFault.BadLength;
        }

        return Skip(Math.Max(length, 0), end) ? RecordFault.None : RecordFault.Truncated;
    }

    private bool Skip(int count, long end)
    {
        if (count > end - Position)
        {
            return false;
        }

        while (count > 0)
        {
            if (!Fill(1))
            {
                return false;
            }

            int taken = Math.Min(count, _end - _start);
            _start += taken;
            count -= taken;
        }

        return true;
    }

    private bool TryRead(long end, out int value)
    {
        Fill(ZigZag.LargestInt32);
        return ZigZag.TryRead(_window.AsSpan(0, (int)Math.Min(_end, _start + (end - Position))), ref _start, out value);
    }

    private bool TryRead(long end, out long value)
    {
        Fill(ZigZag.LargestInt64);
        return ZigZag.TryRead(_window.AsSpan(0, (int)Math.Min(_end, _start + (end - Position))), ref _start, out value);
    }

    /// <summary>Makes that many bytes stand in the window; false when it is too small for them, or the plain bytes end before.</summary>
    private bool Fill(int needed)
    {
        if (_end - _start >= needed)
        {
            return true;
        }

        if (needed > _window.Length)
        {
            return false;
        }

        _window.AsSpan(_start.._end).CopyTo(_window);
        _passed += _start;
        _end -= _start;
        _start = 0;
        while (_end < needed && !_ended)
        {
            int read = _plain.Read(_window.AsSpan(_end));
            _ended = read == 0;
            _end += read;
            if (_passed + _end > _limit)
            {
                throw new SizeLimitException(_limit);
            }
        }

        return _end >= needed;
    }
}

/// <summary>What the reader of a <see cref="RecordStream"/> allows.</summary>
/// <param name="RecordBytes">The most plain bytes of one record's body (<c>max.decompressed.message.bytes</c>).</param>
/// <param name="TotalBytes">The most plain bytes of all records together.</param>
/// <param name="WindowBytes">The most bytes that the codec may keep: at least <see cref="PlainStream.WindowOf"/>.</param>
public readonly record struct RecordStreamLimits(int RecordBytes, long TotalBytes, long WindowBytes);

/// <summary>The numbers of a record.</summary>
/// <param name="OffsetDelta">Distance from the batch's base offset.</param>
/// <param name="TimestampDelta">Milliseconds from the batch's base timestamp.</param>
/// <param name="KeyLength">The length of the key, -1 for null.</param>
public readonly record struct StreamedRecord(int OffsetDelta, long TimestampDelta, int KeyLength);
