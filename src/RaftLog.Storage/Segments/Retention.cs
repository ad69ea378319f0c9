using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Which segments of a log are too old or too much.</summary>
internal static class Retention
{
    /// <summary>Where the log would begin without them: see <see cref="PartitionLog.RetentionPoint"/>.</summary>
    public static Offset PointOf(PartitionLog log, RetentionLimits limits, long nowMs)
    {
        LogSegment[] segments = log.Segments;
        long excess = log.SizeBytes - limits.Bytes;
        Offset point = log.StartOffset;
        for (int i = 0; i < segments.Length - 1 && segments[i + 1].BaseOffset <= log.HighWatermark; i++)
        {
            long newest = segments[i].MaxTimestamp >= 0 ? segments[i].MaxTimestamp : segments[i].CreatedMs;
            bool isTooMuch = limits.Bytes >= 0 && excess >= segments[i].Size;
            bool isTooOld = limits.Milliseconds >= 0 && nowMs - newest > limits.Milliseconds;
            if (!isTooMuch && !isTooOld)
            {
                break;
            }

            excess -= segments[i].Size;
            point = Offset.Max(point, segments[i + 1].BaseOffset);
        }

        return point;
    }
}
