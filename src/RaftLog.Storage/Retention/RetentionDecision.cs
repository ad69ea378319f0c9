using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What retention takes from a log, and what keeps it from taking more.</summary>
/// <param name="Start">Where the log begins then; its present start when nothing goes.</param>
/// <param name="Segments">The number of segments that go.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="TakesActive">The last segment, which is appended to, goes too: a new one must be begun first.</param>
/// <param name="Pinned">
/// The first segment that stays, where its largest timestamp lies in the future: it and all after it stay until then, however old their
/// records are.
/// </param>
public readonly partial record struct RetentionDecision(Offset Start, int Segments, long Bytes, bool TakesActive, SegmentExtent? Pinned)
{
    /// <summary>
    /// Decides. Only whole segments below the high watermark go, the oldest first: while the log without them still has the bytes that are
    /// allowed, and then while their newest record is older than allowed. A segment that stays keeps all after it.
    /// </summary>
    /// <param name="segments">The log's segments in order; the last is appended to. Those below the start count no more.</param>
    /// <param name="limits">The topic's limits.</param>
    /// <param name="start">The log's start.</param>
    /// <param name="highWatermark">The high watermark.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public static RetentionDecision Of(
        ReadOnlySpan<SegmentExtent> segments,
        RetentionLimits limits,
        Offset start,
        Offset highWatermark,
        long nowMs
    )
    {
        // Segments below the start were taken before; their files may wait until a snapshot of producers is durable.
        while (segments.Length > 1 && segments[0].NextOffset <= start)
        {
            segments = segments[1..];
        }

        long excess = -limits.Bytes;
        foreach (SegmentExtent segment in segments)
        {
            excess += segment.Bytes;
        }

        int count = 0;
        long bytes = 0;
        while (count < segments.Length && MayGo(segments, count, highWatermark))
        {
            SegmentExtent segment = segments[count];
            bool isTooMuch = limits.Bytes >= 0 && excess >= segment.Bytes;
            bool isTooOld = limits.Milliseconds >= 0 && nowMs - segment.LargestTimestamp > limits.Milliseconds;
            if (!isTooMuch && !isTooOld)
            {
                break;
            }

            excess -= segment.Bytes;
            bytes += segment.Bytes;
            start = Offset.Max(start, segment.NextOffset);
            count++;
        }

        bool isPinned = limits.Milliseconds >= 0 && count < segments.Length && segments[count].LargestTimestamp > nowMs;
        // A log that was closed by a stop has no segment, and nothing goes.
        bool takesActive = count > 0 && count == segments.Length;
        return new RetentionDecision(start, count, bytes, takesActive, isPinned ? segments[count] : null);
    }

    private static bool MayGo(ReadOnlySpan<SegmentExtent> segments, int index, Offset highWatermark)
    {
        bool mayGo = segments[index].NextOffset <= highWatermark && (index < segments.Length - 1 || segments[index].Bytes > 0);
        SeededBugTakesUncommitted(segments, index, ref mayGo);
        return mayGo;
    }

    static partial void SeededBugTakesUncommitted(ReadOnlySpan<SegmentExtent> segments, int index, ref bool mayGo);
}
