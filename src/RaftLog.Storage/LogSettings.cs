namespace RaftLog.Storage;

/// <summary>
/// How one log is divided into segments and when it is flushed: the topic's replicated configuration, changeable at run time.
/// </summary>
public sealed record LogSettings
{
    /// <summary>Kafka's defaults, except that every append is flushed (ARCHITECTURE D5).</summary>
    public static readonly LogSettings Default = new();

    /// <summary><c>segment.bytes</c>: a batch that would make the segment longer starts a new one.</summary>
    public int SegmentBytes { get; init; } = 1 << 30;

    /// <summary><c>segment.ms</c>: a segment older than this, by its first batch's timestamp, ends. Milliseconds.</summary>
    public long SegmentMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary>
    /// <c>segment.jitter.ms</c>: by how much less than <see cref="SegmentMs"/>, at the most, a segment may end, so that not all end at
    /// once. Milliseconds.
    /// </summary>
    public long SegmentJitterMs { get; init; }

    /// <summary><c>segment.index.bytes</c>: a segment whose index would grow beyond it ends.</summary>
    public int SegmentIndexBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary><c>preallocate</c>: the disk sets aside the space of a new segment; the file's length stays what was written.</summary>
    public bool Preallocates { get; init; }

    /// <summary><c>index.interval.bytes</c>: the bytes of batches between two index entries.</summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary>
    /// <c>flush.messages</c>: records after which the log is flushed. With 1, the default, bytes count only once they are flushed; with
    /// more, the promise is the page cache's.
    /// </summary>
    public long FlushIntervalMessages { get; init; } = 1;

    /// <summary><c>flush.ms</c>: the longest time that a record waits for a flush. Milliseconds.</summary>
    public long FlushIntervalMs { get; init; } = long.MaxValue;

    /// <summary><c>file.delete.delay.ms</c>: how long the files of a segment stay after the segment is gone. Milliseconds.</summary>
    public long FileDeleteDelayMs { get; init; } = 60_000;

    /// <summary>True when bytes count towards the high watermark only once they are flushed.</summary>
    public bool FlushesEachAppend => FlushIntervalMessages <= 1;
}
