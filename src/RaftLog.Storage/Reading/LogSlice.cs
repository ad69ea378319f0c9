using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Whole batches of a log, as ranges of one or more segments' files. It keeps the files open, also when segments are deleted meanwhile:
/// dispose it once, after the last read. Taking and reading it needs no lock.
/// </summary>
public readonly struct LogSlice : IDisposable
{
    private readonly LogSegment? _segment;
    private readonly int _lengthHere;
    private readonly LogSlice[]? _later;

    internal LogSlice(LogSegment segment, long position, int length, Offset firstOffset, Offset endOffset)
    {
        _segment = segment;
        _lengthHere = length;
        Position = position;
        Length = length;
        FirstOffset = firstOffset;
        EndOffset = endOffset;
    }

    private LogSlice(in LogSlice first, LogSlice[] later)
    {
        this = first;
        _later = later;
        foreach (LogSlice each in later)
        {
            Length += each.Length;
        }

        EndOffset = later[^1].EndOffset;
    }

    /// <summary>The first byte's place in its file.</summary>
    public long Position { get; }

    /// <summary>All bytes.</summary>
    public int Length { get; }

    /// <summary>The base offset of the first batch; it may lie below the offset asked for.</summary>
    public Offset FirstOffset { get; }

    /// <summary>The offset after the last record.</summary>
    public Offset EndOffset { get; }

    /// <summary>True when there is nothing to read.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>In how many files the bytes lie.</summary>
    public int Ranges => Length == 0 ? 0 : 1 + Later.Length;

    /// <summary>
    /// True when the disk has declined to read some of a segment before, so the bytes are better read before a response promises them: a
    /// rejection in the middle of a response ends the connection, and the other partitions of the response with it.
    /// </summary>
    public bool IsSuspect
    {
        get
        {
            bool isSuspect = _segment?.IsSuspect == true;
            foreach (LogSlice later in Later)
            {
                isSuspect |= later.IsSuspect;
            }

            return isSuspect;
        }
    }

    private ReadOnlySpan<LogSlice> Later => _later;

    /// <summary>
    /// Reads into the target, which has at least <see cref="Length"/> bytes; the result is the number of bytes of whole batches, fewer
    /// where the disk has corrupt a length or a truncation came first.
    /// </summary>
    /// <exception cref="DiskException">The disk failed.</exception>
    public int Read(Span<byte> target)
    {
        if (_segment is null)
        {
            return 0;
        }

        int read = _segment.Log.Read(Position, target[.._lengthHere]);
        int wanted = _lengthHere;
        for (int i = 0; i < Later.Length && read == wanted; i++)
        {
            LogSlice later = Later[i];
            read += later._segment!.Log.Read(later.Position, target.Slice(read, later.Length));
            wanted += later.Length;
        }

        int whole = 0;
        while (BatchHeader.TryRead(target[whole..read], out BatchHeader header) && header.TotalBytes <= read - whole)
        {
            whole += header.TotalBytes;
        }

        return whole;
    }

    /// <summary>The bytes that lie in one of the files.</summary>
    /// <param name="index">Below <see cref="Ranges"/>.</param>
    /// <param name="committed">Bytes of records below it may be sent as pages of the file, since nothing truncates them: the high
    /// watermark.</param>
    public FileRange Range(int index, Offset committed)
    {
        LogSlice at = index == 0 ? this : Later[index - 1];
        return new FileRange(at._segment!.Log, at.Position, at._lengthHere, at._segment, IsShared: EndOffset <= committed);
    }

    /// <summary>Lets go of the files.</summary>
    public void Dispose()
    {
        _segment?.Release();
        foreach (LogSlice later in Later)
        {
            later.Dispose();
        }
    }

    /// <summary>This slice, and others that follow it in later segments.</summary>
    internal LogSlice With(LogSlice[] later) => new(this, later);
}

/// <summary>The response to a read.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.OffsetOutOfRange"/> below the log's start or above its end; <see cref="ErrorCode.CorruptMessage"/> where a segment
/// holds the offset and no batch with it is found, because the disk has corrupt a length; else none.
/// </param>
/// <param name="Slice">The bytes; empty when there are none below the limit, or none that fit.</param>
public readonly record struct ReadResult(ErrorCode Error, LogSlice Slice);
