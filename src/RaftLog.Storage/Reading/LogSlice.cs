using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Bytes of one segment's file that begin with a batch. It keeps the file open, also when the segment is deleted meanwhile: dispose it once,
/// after the last read. Taking and reading it needs no lock.
/// </summary>
public readonly struct LogSlice : IDisposable
{
    private readonly LogSegment? _segment;

    internal LogSlice(LogSegment segment, long position, int length, Offset firstOffset)
    {
        _segment = segment;
        Position = position;
        Length = length;
        FirstOffset = firstOffset;
    }

    /// <summary>The first byte's place in the file.</summary>
    public long Position { get; }

    /// <summary>The bytes to make room for. The last batch may reach beyond them: <see cref="Read"/> leaves it out.</summary>
    public int Length { get; }

    /// <summary>The base offset of the first batch; it may lie below the offset asked for.</summary>
    public Offset FirstOffset { get; }

    /// <summary>True when there is nothing to read.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>Reads into the target, which has at least <see cref="Length"/> bytes; the result is the number of bytes of whole batches.</summary>
    /// <exception cref="Platform.DiskException">The disk refused.</exception>
    public int Read(Span<byte> target)
    {
        if (_segment is null)
        {
            return 0;
        }

        int read = _segment.Log.Read(Position, target[..Length]);
        var batches = new RecordBatches(target[..read]);
        while (batches.MoveNext())
        {
        }

        return batches.Position;
    }

    /// <summary>Lets go of the file.</summary>
    public void Dispose() => _segment?.Release();
}

/// <summary>The answer to a read.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.OffsetOutOfRange"/> below the log's start or above its end; <see cref="ErrorCode.CorruptMessage"/> where a segment holds the offset and
/// no batch with it is found, because the disk has spoilt a length; else none.
/// </param>
/// <param name="Slice">The bytes; empty when there are none below the limit, or none that fit.</param>
public readonly record struct ReadResult(ErrorCode Error, LogSlice Slice);
