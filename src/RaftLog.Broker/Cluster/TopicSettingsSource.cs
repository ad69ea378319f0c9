using RaftLog.Broker.Configuration;
using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Protocol.Compression;
using RaftLog.Storage;
using BatchValidation = RaftLog.Storage.BatchValidation;

namespace RaftLog.Broker.Cluster;

/// <summary>Turns a topic's configuration into what its partitions need of it.</summary>
internal sealed class TopicSettingsSource(ClusterConfigs configs, BatchValidationSettings validation) : ITopicSettings
{
    /// <inheritdoc />
    public PartitionSettings For(string topic, MetadataImage image)
    {
        TopicConfig config = configs.Topic(image, topic);
        LogSettings log = new()
        {
            SegmentBytes = config.Segments.Bytes,
            SegmentMs = config.Retention.Compacts ? Math.Min(config.Segments.AgeMs, config.Compaction.MaxLagMs) : config.Segments.AgeMs,
            SegmentIndexBytes = config.Segments.IndexBytes,
            IndexIntervalBytes = config.Segments.IndexIntervalBytes,
            SegmentJitterMs = config.Segments.JitterMs,
            FlushIntervalMessages = config.Flush.Messages,
            FlushIntervalMs = config.Flush.AgeMs,
            FileDeleteDelayMs = config.Segments.FileDeleteDelayMs,
            Preallocates = config.Segments.Preallocate,
        };
        AppendSettings append = new()
        {
            MaxMessageBytes = config.Messages.MaxBytes,
            TimestampType = config.Messages.TimestampType,
            TimestampBeforeMaxMs = config.Messages.TimestampBeforeMaxMs,
            TimestampAfterMaxMs = config.Messages.TimestampAfterMaxMs,
            MaxDecompressedBytes = config.Messages.MaxDecompressedBytes,
            RequiresKeys = config.Retention.Compacts,
            Validation = validation == BatchValidationSettings.Relaxed ? BatchValidation.Relaxed : BatchValidation.Strict,
            Compression = CodecOf(config.Compression.Type),
            CompressionLevel = LevelOf(config.Compression),
        };
        return new PartitionSettings(log, append, config.MinInsyncReplicas)
        {
            Retention = config.Retention.Deletes
                ? new RetentionLimits(config.Retention.AgeMs, config.Retention.Bytes)
                : RetentionLimits.None,
            Cleaning = config.Retention.Compacts
                ? new CleaningSettings(
                    config.Compaction.MinDirtyRatio,
                    config.Compaction.DeleteRetentionMs,
                    config.Compaction.MinLagMs,
                    config.Compaction.MaxLagMs
                )
                : null,
            Throttled = new ThrottledReplicas(config.ThrottledFollowers),
            ThrottledLeaders = new ThrottledReplicas(config.ThrottledLeaders),
        };
    }

    /// <inheritdoc />
    public long? ThrottledBytesPerSecond(MetadataImage image) => configs.ThrottledBytesPerSecond(image);

    /// <inheritdoc />
    public long? LeaderThrottledBytesPerSecond(MetadataImage image) => configs.LeaderThrottledBytesPerSecond(image);

    /// <inheritdoc />
    public long? MovedBytesPerSecond(MetadataImage image) => configs.MovedBytesPerSecond(image);

    /// <inheritdoc />
    public IReadOnlyList<string> CordonedDirectories(MetadataImage image) => configs.CordonedDirectories(image);

    private static CompressionType? CodecOf(TopicCompression compression) =>
        compression switch
        {
            TopicCompression.Uncompressed => CompressionType.None,
            TopicCompression.Gzip => CompressionType.Gzip,
            TopicCompression.Snappy => CompressionType.Snappy,
            TopicCompression.Lz4 => CompressionType.Lz4,
            TopicCompression.Zstd => CompressionType.Zstd,
            _ => null,
        };

    private static int LevelOf(CompressionRules compression) =>
        compression.Type switch
        {
            TopicCompression.Gzip => compression.GzipLevel,
            TopicCompression.Lz4 => compression.Lz4Level,
            TopicCompression.Zstd => compression.ZstdLevel,
            _ => RecordCompression.DefaultLevel,
        };
}
