using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Configuration;

/// <summary>The configuration in force for one topic.</summary>
/// <param name="MinInsyncReplicas"><c>min.insync.replicas</c>.</param>
/// <param name="UncleanLeaderElection"><c>unclean.leader.election.enable</c>.</param>
/// <param name="Messages">What may be appended.</param>
/// <param name="Compression">How it is stored.</param>
/// <param name="Segments">How the log is divided into files.</param>
/// <param name="Retention">How long it is kept.</param>
/// <param name="Compaction">How it is compacted.</param>
/// <param name="Flush">When it is flushed.</param>
/// <param name="ThrottledFollowers"><c>follower.replication.throttled.replicas</c>: <c>*</c>, or items of the form
/// <c>partition:broker</c>.</param>
/// <param name="ThrottledLeaders"><c>leader.replication.throttled.replicas</c>, in the same form.</param>
public sealed record TopicConfig(
    int MinInsyncReplicas,
    bool UncleanLeaderElection,
    MessageRules Messages,
    CompressionRules Compression,
    SegmentRules Segments,
    RetentionRules Retention,
    CompactionRules Compaction,
    FlushRules Flush,
    string ThrottledFollowers,
    string ThrottledLeaders
);

/// <summary>What may be appended to a topic.</summary>
/// <param name="MaxBytes"><c>max.message.bytes</c>: largest batch.</param>
/// <param name="TimestampType"><c>message.timestamp.type</c>.</param>
/// <param name="TimestampBeforeMaxMs"><c>message.timestamp.before.max.ms</c>.</param>
/// <param name="TimestampAfterMaxMs"><c>message.timestamp.after.max.ms</c>.</param>
/// <param name="MaxDecompressedBytes"><c>max.decompressed.message.bytes</c>: largest record of a compressed batch, unpacked.</param>
public sealed record MessageRules(
    int MaxBytes,
    TimestampType TimestampType,
    long TimestampBeforeMaxMs,
    long TimestampAfterMaxMs,
    int MaxDecompressedBytes
);

/// <summary>How a topic's batches are compressed by the broker, where it does that.</summary>
/// <param name="Type"><c>compression.type</c>.</param>
/// <param name="GzipLevel"><c>compression.gzip.level</c>.</param>
/// <param name="Lz4Level"><c>compression.lz4.level</c>.</param>
/// <param name="ZstdLevel"><c>compression.zstd.level</c>.</param>
public sealed record CompressionRules(TopicCompression Type, int GzipLevel, int Lz4Level, int ZstdLevel);

/// <summary>How a log is divided into files.</summary>
/// <param name="Bytes"><c>segment.bytes</c>, or <c>internal.segment.bytes</c> where a test sets it.</param>
/// <param name="AgeMs"><c>segment.ms</c>.</param>
/// <param name="JitterMs"><c>segment.jitter.ms</c>.</param>
/// <param name="IndexBytes"><c>segment.index.bytes</c>.</param>
/// <param name="IndexIntervalBytes"><c>index.interval.bytes</c>.</param>
/// <param name="Preallocate"><c>preallocate</c>.</param>
/// <param name="FileDeleteDelayMs"><c>file.delete.delay.ms</c>.</param>
public sealed record SegmentRules(
    int Bytes,
    long AgeMs,
    long JitterMs,
    int IndexBytes,
    int IndexIntervalBytes,
    bool Preallocate,
    long FileDeleteDelayMs
);

/// <summary>How long a log is kept.</summary>
/// <param name="Deletes"><c>cleanup.policy</c> contains delete.</param>
/// <param name="Compacts"><c>cleanup.policy</c> contains compact.</param>
/// <param name="Bytes"><c>retention.bytes</c>; negative: no limit.</param>
/// <param name="AgeMs"><c>retention.ms</c>; negative: no limit.</param>
public sealed record RetentionRules(bool Deletes, bool Compacts, long Bytes, long AgeMs);

/// <summary>How a log is compacted.</summary>
/// <param name="MinDirtyRatio"><c>min.cleanable.dirty.ratio</c>.</param>
/// <param name="DeleteRetentionMs"><c>delete.retention.ms</c>.</param>
/// <param name="MinLagMs"><c>min.compaction.lag.ms</c>.</param>
/// <param name="MaxLagMs"><c>max.compaction.lag.ms</c>.</param>
public sealed record CompactionRules(double MinDirtyRatio, long DeleteRetentionMs, long MinLagMs, long MaxLagMs);

/// <summary>When a log is flushed.</summary>
/// <param name="Messages"><c>flush.messages</c>; 1: before anything is acknowledged.</param>
/// <param name="AgeMs"><c>flush.ms</c>.</param>
public sealed record FlushRules(long Messages, long AgeMs);
