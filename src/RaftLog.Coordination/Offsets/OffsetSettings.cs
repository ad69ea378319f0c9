namespace RaftLog.Coordination.Offsets;

/// <summary>What holds for committed offsets; the defaults are Kafka's.</summary>
public sealed record OffsetSettings
{
    /// <summary><c>offset.metadata.max.bytes</c>: the most characters that a client may keep with an offset.</summary>
    public int MetadataMaxLength { get; init; } = 4_096;

    /// <summary><c>offsets.retention.minutes</c>, in milliseconds: how long the offsets of a group without members are kept.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary><c>offsets.retention.check.interval.ms</c>: how often expired offsets are looked for.</summary>
    public long RetentionCheckIntervalMs { get; init; } = 600_000;
}
