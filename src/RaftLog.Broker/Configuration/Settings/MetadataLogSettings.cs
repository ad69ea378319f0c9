namespace RaftLog.Broker.Configuration;

/// <summary>The metadata log and its snapshots.</summary>
/// <param name="MaxRecordBytesBetweenSnapshots"><c>metadata.log.max.record.bytes.between.snapshots</c>: a snapshot after so many
/// bytes.</param>
/// <param name="MaxSnapshotIntervalMs"><c>metadata.log.max.snapshot.interval.ms</c>: a snapshot after this time; 0: by size only.</param>
/// <param name="SegmentBytes"><c>metadata.log.segment.bytes</c>: size of a segment.</param>
/// <param name="SegmentMs"><c>metadata.log.segment.ms</c>: age of a segment.</param>
/// <param name="MaxRetentionBytes"><c>metadata.max.retention.bytes</c>: size above which old log and snapshots go.</param>
/// <param name="MaxIdleIntervalMs"><c>metadata.max.idle.interval.ms</c>: the leader writes a no-op after so long without a record; 0:
/// never.</param>
public sealed record MetadataLogSettings(
    long MaxRecordBytesBetweenSnapshots,
    long MaxSnapshotIntervalMs,
    int SegmentBytes,
    long SegmentMs,
    long MaxRetentionBytes,
    int MaxIdleIntervalMs
)
{
    internal static MetadataLogSettings Read(SettingsReader settings) =>
        new(
            settings.Long("metadata.log.max.record.bytes.between.snapshots"),
            settings.Long("metadata.log.max.snapshot.interval.ms"),
            settings.Int("metadata.log.segment.bytes"),
            settings.Long("metadata.log.segment.ms"),
            settings.Long("metadata.max.retention.bytes"),
            settings.Int("metadata.max.idle.interval.ms")
        );
}
