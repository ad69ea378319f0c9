namespace RaftLog.Broker.Configuration;

/// <summary>Committed offsets and their topic.</summary>
/// <param name="MetadataMaxBytes"><c>offset.metadata.max.bytes</c>: text with an offset.</param>
/// <param name="CommitTimeoutMs"><c>offsets.commit.timeout.ms</c>: how long a commit may wait for replicas.</param>
/// <param name="RetentionMinutes"><c>offsets.retention.minutes</c>: offsets of an empty group are kept so long.</param>
/// <param name="RetentionCheckIntervalMs"><c>offsets.retention.check.interval.ms</c>: how often expired ones are looked for.</param>
/// <param name="TopicPartitions"><c>offsets.topic.num.partitions</c>: partitions of __consumer_offsets.</param>
/// <param name="TopicReplicationFactor"><c>offsets.topic.replication.factor</c>: its replicas.</param>
/// <param name="TopicSegmentBytes"><c>offsets.topic.segment.bytes</c>: its segment size.</param>
public sealed record OffsetSettings(
    int MetadataMaxBytes,
    int CommitTimeoutMs,
    int RetentionMinutes,
    long RetentionCheckIntervalMs,
    int TopicPartitions,
    short TopicReplicationFactor,
    int TopicSegmentBytes)
{
    internal static OffsetSettings Read(SettingsReader settings) => new(
        settings.Int("offset.metadata.max.bytes"),
        settings.Int("offsets.commit.timeout.ms"),
        settings.Int("offsets.retention.minutes"),
        settings.Long("offsets.retention.check.interval.ms"),
        settings.Int("offsets.topic.num.partitions"),
        settings.Short("offsets.topic.replication.factor"),
        settings.Int("offsets.topic.segment.bytes"));
}
