namespace RaftLog.Broker.Configuration;

/// <summary>Retention and compaction in the background.</summary>
/// <param name="RetentionCheckIntervalMs"><c>log.retention.check.interval.ms</c>: how often old segments are looked for.</param>
/// <param name="Compacts"><c>log.cleaner.enable</c>: the cleaner runs.</param>
/// <param name="BackoffMs"><c>log.cleaner.backoff.ms</c>: pause when nothing is to clean.</param>
/// <param name="DedupeBufferBytes"><c>log.cleaner.dedupe.buffer.size</c>: memory for keys.</param>
/// <param name="RecoveryPointCheckpointMs"><c>log.flush.offset.checkpoint.interval.ms</c>: how often recovery points are written.</param>
/// <param name="StartOffsetCheckpointMs"><c>log.flush.start.offset.checkpoint.interval.ms</c>: how often log start offsets are written.</param>
public sealed record CleanerSettings(
    long RetentionCheckIntervalMs,
    bool Compacts,
    long BackoffMs,
    long DedupeBufferBytes,
    int RecoveryPointCheckpointMs,
    int StartOffsetCheckpointMs)
{
    internal static CleanerSettings Read(SettingsReader settings) => new(
        settings.Long("log.retention.check.interval.ms"),
        settings.Boolean("log.cleaner.enable"),
        settings.Long("log.cleaner.backoff.ms"),
        settings.Long("log.cleaner.dedupe.buffer.size"),
        settings.Int("log.flush.offset.checkpoint.interval.ms"),
        settings.Int("log.flush.start.offset.checkpoint.interval.ms"));
}
