using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Finds bytes and transactions in a log's segments without a lock, while one writer appends.</summary>
internal static partial class LogReader
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
                    return new ReadResult(ErrorCode.None, Extend(slice, segments.AsSpan(i), maxBytes, limit));
                }

                // Compaction can leave a hole before a segment, and a segment without a batch.
                bool isHidden = Offset.Max(from, segment.BaseOffset) < segment.NextOffset && from < log.EndOffset;
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
        SeededBugLooksInOneSegment(from, ref segments);
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
                    return ByFirstOffset(found);
                }
            }
        }

        return ByFirstOffset(found);
    }

    private static List<AbortedTransaction> ByFirstOffset(List<AbortedTransaction> found)
    {
        found.Sort(static (one, other) => one.FirstOffset.CompareTo(other.FirstOffset));
        return found;
    }

    static partial void SeededBugLooksInOneSegment(Offset from, ref LogSegment[] segments);

    /// <summary>Goes on into later segments while the slice reaches to its segment's end and there is room.</summary>
    /// <param name="first">The slice so far.</param>
    /// <param name="segments">Its segment and those after it.</param>
    /// <param name="maxBytes">The most bytes in all.</param>
    /// <param name="limit">Only batches that end at or before it.</param>
    private static LogSlice Extend(in LogSlice first, ReadOnlySpan<LogSegment> segments, int maxBytes, Offset limit)
    {
        List<LogSlice>? later = null;
        LogSlice last = first;
        int room = maxBytes - first.Length;
        for (
            int i = 1;
            i < segments.Length && room > 0 && !last.IsEmpty && last.EndOffset >= segments[i - 1].NextOffset && last.EndOffset < limit;
            i++
        )
        {
            if (!segments[i].TryAcquire())
            {
                break;
            }

            if (Locate(segments[i], last.EndOffset, room, limit, atLeastOneBatch: false) is not { IsEmpty: false } next)
            {
                segments[i].Release();
                break;
            }

            (later ??= []).Add(next);
            room -= next.Length;
            last = next;
        }

        return later is null ? first : first.With([.. later]);
    }

    /// <summary>
    /// The slice of one segment from the first batch that holds an offset, or a later one; null when all its batches lie before, or it is
    /// corrupt.
    /// </summary>
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
        if (segment.Find(from, size) is not { } first || first.TotalBytes > size - first.Position)
        {
            return null;
        }

        bool isBeyond = first.NextOffset > limit && segment.EndOf(first, size) > limit;
        if (isBeyond || (first.TotalBytes > maxBytes && !atLeastOneBatch))
        {
            return new LogSlice(segment, first.Position, 0, first.BaseOffset, first.BaseOffset);
        }

        BatchPlace? beyond = next <= limit ? null : segment.Find(limit, size);
        if (beyond is null && next > limit)
        {
            // The disk has corrupt a length before the limit: where the limit lies is not known, and nothing beyond it may be shown.
            return new LogSlice(segment, first.Position, first.TotalBytes, first.BaseOffset, first.NextOffset);
        }

        long available = (beyond?.Position ?? size) - first.Position;
        if (available <= maxBytes)
        {
            return new LogSlice(segment, first.Position, (int)available, first.BaseOffset, beyond?.BaseOffset ?? next);
        }

        BatchPlace last = segment.LastWithin(first.Position, first.Position + maxBytes) ?? first;
        return new LogSlice(
            segment,
            first.Position,
            (int)(last.Position + last.TotalBytes - first.Position),
            first.BaseOffset,
            last.NextOffset
        );
    }
}
