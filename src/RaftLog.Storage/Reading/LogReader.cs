using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Finds bytes and transactions in a log's segments without a lock, while one writer appends.</summary>
internal static class LogReader
{
    /// <summary>See <see cref="PartitionLog.Read"/>.</summary>
    public static ReadResult Read(PartitionLog log, Offset from, int maxBytes, Offset upTo, bool atLeastOneBatch)
    {
        while (true)
        {
            Offset end = log.EndOffset;
            if (from < log.StartOffset || from > end)
            {
                return new ReadResult(ErrorCode.OffsetOutOfRange, default);
            }

            Offset limit = Offset.Min(upTo, end);
            if (from >= limit)
            {
                return default;
            }

            LogSegment[] segments = log.Segments;
            for (int i = SegmentList.Floor(segments, from); i < segments.Length; i++)
            {
                LogSegment segment = segments[i];
                if (!segment.TryAcquire())
                {
                    // Deleted since the list was read: there is a newer list.
                    break;
                }

                if (Locate(segment, from, maxBytes, limit, atLeastOneBatch) is { } slice)
                {
                    return new ReadResult(ErrorCode.None, slice);
                }

                bool isHidden = from < segment.NextOffset && from < log.EndOffset;
                segment.Release();
                if (isHidden)
                {
                    // The next segment would follow with a gap that nobody could tell from one that compaction made.
                    return new ReadResult(ErrorCode.CorruptMessage, default);
                }
            }

            if (ReferenceEquals(segments, log.Segments))
            {
                return default;
            }
        }
    }

    /// <summary>See <see cref="PartitionLog.AbortedTransactions"/>.</summary>
    public static IReadOnlyList<AbortedTransaction> AbortedTransactions(LogSegment[] segments, Offset from, Offset upTo)
    {
        List<AbortedTransaction> found = [];
        for (int i = SegmentList.Floor(segments, from); i < segments.Length; i++)
        {
            foreach (AbortedTransaction transaction in segments[i].Transactions.Entries)
            {
                if (transaction.LastOffset >= from && transaction.FirstOffset < upTo)
                {
                    found.Add(transaction);
                }

                if (transaction.LastStableOffset >= upTo)
                {
                    return found;
                }
            }
        }

        return found;
    }

    /// <summary>The slice of one segment from the first batch that holds an offset, or a later one; null when all its batches lie before, or it is spoilt.</summary>
    /// <param name="segment">The segment, which the caller has acquired for the slice.</param>
    /// <param name="from">The offset.</param>
    /// <param name="maxBytes">The most bytes.</param>
    /// <param name="limit">Only batches that end at or before it.</param>
    /// <param name="atLeastOneBatch">The first batch comes whole, even when it is larger.</param>
    private static LogSlice? Locate(LogSegment segment, Offset from, int maxBytes, Offset limit, bool atLeastOneBatch)
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
}
