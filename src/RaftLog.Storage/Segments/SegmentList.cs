using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The segments of one log in the order of their offsets. The log's writer changes the list; anyone reads <see cref="Current"/> without a
/// lock: each change makes a new array, and who holds an old one finds segments that are gone by <see cref="LogSegment.TryAcquire"/>.
/// </summary>
internal sealed class SegmentList(IDisk disk, LogFolder folder, LogSegment[] loaded)
{
    private volatile LogSegment[] _current = loaded;

    /// <summary>The segments; nobody changes the array.</summary>
    public LogSegment[] Current => _current;

    /// <summary>The last one, which takes what is appended.</summary>
    public LogSegment Active => _current[^1];

    /// <summary>All bytes of batches.</summary>
    public long SizeBytes
    {
        get
        {
            long size = 0;
            foreach (LogSegment segment in _current)
            {
                size += segment.Size;
            }

            return size;
        }
    }

    /// <summary>The index of the last segment that begins at or before an offset; 0 where there is none.</summary>
    public static int Floor(LogSegment[] segments, Offset offset)
    {
        int low = 0,
            high = segments.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (segments[middle].BaseOffset <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>The last segment that begins at or before an offset; the first where there is none.</summary>
    public LogSegment Holder(Offset offset)
    {
        LogSegment[] segments = _current;
        return segments[Floor(segments, offset)];
    }

    /// <summary>The bytes of the segments that hold records at or above an offset.</summary>
    public long BytesAfter(Offset offset)
    {
        long bytes = 0;
        foreach (LogSegment segment in _current)
        {
            bytes += segment.NextOffset > offset ? segment.Size : 0;
        }

        return bytes;
    }

    /// <summary>What retention and cleaning look at.</summary>
    /// <param name="end">The log's end.</param>
    public SegmentExtent[] Extents(Offset end)
    {
        LogSegment[] segments = _current;
        var extents = new SegmentExtent[segments.Length];
        for (int i = 0; i < segments.Length; i++)
        {
            LogSegment segment = segments[i];
            Offset next = i + 1 < segments.Length ? segments[i + 1].BaseOffset : end;
            extents[i] = new SegmentExtent(
                segment.BaseOffset,
                next,
                segment.Size,
                segment.MaxTimestamp >= 0 ? segment.MaxTimestamp : segment.CreatedMs
            )
            {
                FirstTimestamp = segment.FirstTimestamp ?? -1,
            };
        }

        return extents;
    }

    /// <summary>Makes a new, empty segment the active one.</summary>
    /// <param name="baseOffset">Where it begins.</param>
    /// <param name="createdMs">When, in wall-clock milliseconds.</param>
    public void Add(Offset baseOffset, long createdMs)
    {
        LogSegment added = LogSegment.Open(disk, folder, baseOffset, createdMs);
        added.Forget();
        added.ShrinkFileToSize();
        _current = [.. _current, added];
    }

    /// <summary>Deletes the segments after the one that holds an offset.</summary>
    public void DropAfter(Offset offset)
    {
        LogSegment[] segments = _current;
        int last = Floor(segments, offset);
        _current = segments[..(last + 1)];
        for (int i = segments.Length - 1; i > last; i--)
        {
            segments[i].Delete();
        }
    }

    /// <summary>Where the first segment begins that <see cref="DropBelow"/> leaves.</summary>
    public Offset FirstFrom(Offset start) => _current[IndexOfFirst(start)].BaseOffset;

    /// <summary>Takes out the segments that lie wholly below an offset, except the last; false when there are none.</summary>
    /// <param name="start">The offset.</param>
    /// <param name="deletions">Who removes their files.</param>
    /// <param name="dueMs">When, in milliseconds since 1970.</param>
    public bool DropBelow(Offset start, DelayedDeletions deletions, long dueMs)
    {
        LogSegment[] segments = _current;
        int kept = IndexOfFirst(start);
        if (kept == 0)
        {
            return false;
        }

        _current = segments[kept..];
        for (int i = 0; i < kept; i++)
        {
            segments[i].SetAside(deletions, dueMs);
        }

        return true;
    }

    /// <summary>
    /// Puts segments in the place of some that follow one another; false when these are no longer all in the list, or are its last.
    /// </summary>
    public bool TryReplace(LogSegment[] replaced, LogSegment[] by)
    {
        LogSegment[] segments = _current;
        int at = Array.IndexOf(segments, replaced[0]);
        if (at < 0 || at + replaced.Length >= segments.Length || !segments.AsSpan(at, replaced.Length).SequenceEqual(replaced))
        {
            return false;
        }

        _current = [.. segments[..at], .. by, .. segments[(at + replaced.Length)..]];
        return true;
    }

    /// <summary>Puts a new file in the place of the active segment, which has lost all its records.</summary>
    public void RenewActive()
    {
        LogSegment emptied = Active;
        _current = _current[..^1];
        emptied.Delete();
        Add(emptied.BaseOffset, emptied.CreatedMs);
    }

    /// <summary>
    /// Deletes the files of all segments, the first first: what a power cut in the middle leaves then ends where the log ended, and does
    /// not look like a log that has lost what was flushed. <see cref="BeginAt"/> must follow.
    /// </summary>
    public void DeleteFiles()
    {
        foreach (LogSegment segment in _current)
        {
            segment.Delete();
        }
    }

    /// <summary>Goes on with one empty segment at an offset, after the files of all others were deleted.</summary>
    public void BeginAt(Offset offset)
    {
        long createdMs = Active.CreatedMs;
        _current = [];
        Add(offset, createdMs);
    }

    /// <summary>Gives back the log's references, for good.</summary>
    public void Release()
    {
        foreach (LogSegment segment in _current)
        {
            segment.Release();
        }

        _current = [];
    }

    private int IndexOfFirst(Offset start)
    {
        LogSegment[] segments = _current;
        int first = 0;
        while (first < segments.Length - 1 && segments[first + 1].BaseOffset <= start)
        {
            first++;
        }

        return first;
    }
}
