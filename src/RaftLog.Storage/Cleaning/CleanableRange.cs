using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Which part of a log may be cleaned, and how much it needs it.</summary>
/// <param name="FirstDirty">Where the part begins that was not cleaned yet.</param>
/// <param name="FirstUncleanable">Where the part begins that may not be cleaned: the start of a segment.</param>
/// <param name="CleanBytes">The bytes before <paramref name="FirstDirty"/>.</param>
/// <param name="DirtyBytes">The bytes between the two.</param>
/// <param name="IsOverdue">A record between the two is older than <c>max.compaction.lag.ms</c>.</param>
public readonly partial record struct CleanableRange(
    Offset FirstDirty,
    Offset FirstUncleanable,
    long CleanBytes,
    long DirtyBytes,
    bool IsOverdue
)
{
    /// <summary>The part of the log, up to <see cref="FirstUncleanable"/>, that is dirty: from 0 to 1.</summary>
    public double DirtyRatio => DirtyBytes == 0 ? 0 : (double)DirtyBytes / (CleanBytes + DirtyBytes);

    /// <summary>
    /// Finds it. Cleaned are whole segments below the last stable offset, never the one that is appended to, and none with records younger
    /// than <c>min.compaction.lag.ms</c>.
    /// </summary>
    /// <param name="segments">The log's segments in order; the last is appended to.</param>
    /// <param name="cleanedTo">Up to where the log was cleaned before; below the log's start or above its end it means nothing.</param>
    /// <param name="start">The log's start.</param>
    /// <param name="lastStable">The last stable offset.</param>
    /// <param name="settings">The topic's settings.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public static CleanableRange Of(
        ReadOnlySpan<SegmentExtent> segments,
        Offset cleanedTo,
        Offset start,
        Offset lastStable,
        CleaningSettings settings,
        long nowMs
    )
    {
        if (segments.IsEmpty)
        {
            // A log that was closed by a stop: there is nothing to do.
            return default;
        }

        Offset firstDirty = cleanedTo > segments[^1].NextOffset ? start : Offset.Max(cleanedTo, start);
        Offset firstUncleanable = Offset.Min(lastStable, segments[^1].BaseOffset);
        SeededBugCleansUncommitted(segments, ref firstUncleanable);
        long clean = 0;
        long dirty = 0;
        long oldest = long.MaxValue;
        Offset limit = Offset.Max(firstDirty, segments[0].BaseOffset);
        foreach (SegmentExtent segment in segments[..^1])
        {
            if (segment.NextOffset <= firstDirty)
            {
                clean += segment.Bytes;
                continue;
            }

            bool isYoung = settings.MinLagMs > 0 && segment.LargestTimestamp > nowMs - settings.MinLagMs;
            if (segment.NextOffset > firstUncleanable || isYoung)
            {
                break;
            }

            dirty += segment.Bytes;
            oldest = segment.FirstTimestamp >= 0 ? Math.Min(oldest, segment.FirstTimestamp) : oldest;
            limit = segment.NextOffset;
        }

        bool isOverdue = dirty > 0 && oldest < long.MaxValue && nowMs - oldest > settings.MaxLagMs;
        return new CleanableRange(firstDirty, limit, clean, dirty, isOverdue);
    }

    static partial void SeededBugCleansUncommitted(ReadOnlySpan<SegmentExtent> segments, ref Offset firstUncleanable);

    /// <summary>True when a round is due.</summary>
    public bool IsDue(CleaningSettings settings) => DirtyBytes > 0 && (IsOverdue || DirtyRatio > settings.MinDirtyRatio);
}
