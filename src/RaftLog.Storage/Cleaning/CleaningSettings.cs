namespace RaftLog.Storage;

/// <summary>How a topic with <c>compact</c> in its <c>cleanup.policy</c> is compacted.</summary>
/// <param name="MinDirtyRatio"><c>min.cleanable.dirty.ratio</c>: the part of the log that must be dirty before it is cleaned.</param>
/// <param name="DeleteRetentionMs"><c>delete.retention.ms</c>: how long a tombstone or marker stays after it was first cleaned.
/// Milliseconds.</param>
/// <param name="MinLagMs"><c>min.compaction.lag.ms</c>: records younger than this are not compacted. Milliseconds.</param>
/// <param name="MaxLagMs"><c>max.compaction.lag.ms</c>: records older than this are compacted whatever the ratio. Milliseconds.</param>
public sealed record CleaningSettings(double MinDirtyRatio, long DeleteRetentionMs, long MinLagMs, long MaxLagMs)
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly CleaningSettings Default = new(0.5, 86_400_000, 0, long.MaxValue);
}
