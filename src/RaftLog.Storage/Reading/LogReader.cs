using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Finds bytes in a log's segments without a lock, while one writer appends.</summary>
internal static class LogReader
{
    /// <summary>The slice of one segment from the first batch that holds an offset, or a later one; null when all its batches lie before, or it is spoilt.</summary>
    /// <param name="segment">The segment, which the caller has acquired for the slice.</param>
    /// <param name="from">The offset.</param>
    /// <param name="maxBytes">The most bytes.</param>
    /// <param name="limit">Only batches that end at or before it.</param>
    /// <param name="atLeastOneBatch">The first batch comes whole, even when it is larger.</param>
    public static LogSlice? Locate(LogSegment segment, Offset from, int maxBytes, Offset limit, bool atLeastOneBatch)
    {
        // Size before offset: the writer moves them the other way round, so this end offset covers at least these bytes.
        long size = segment.Size;
        Offset next = segment.NextOffset;
        if (segment.Find(from, size) is not { } place || place.TotalBytes > size - place.Position)
        {
            return null;
        }

        long end = next <= limit ? size : segment.Find(limit, size)?.Position ?? size;
        long available = Math.Min(maxBytes, end - place.Position);
        if (place.NextOffset > limit || (available < place.TotalBytes && !atLeastOneBatch))
        {
            return new LogSlice(segment, place.Position, 0, place.BaseOffset);
        }

        return new LogSlice(segment, place.Position, (int)Math.Max(available, place.TotalBytes), place.BaseOffset);
    }

    /// <summary>The index of the last segment that begins at or before an offset; 0 where there is none.</summary>
    public static int Floor(LogSegment[] segments, Offset offset)
    {
        int low = 0, high = segments.Length - 1;
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
}
