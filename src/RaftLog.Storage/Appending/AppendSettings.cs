using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>What a topic's configuration demands of a producer's batch.</summary>
public sealed record AppendSettings
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly AppendSettings Default = new();

    /// <summary><c>max.message.bytes</c>: the most bytes of one batch, header included.</summary>
    public int MaxMessageBytes { get; init; } = 1048588;

    /// <summary><c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary><c>message.timestamp.before.max.ms</c>: how far a record's timestamp may lie in the past. Milliseconds.</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary><c>message.timestamp.after.max.ms</c>: how far a record's timestamp may lie in the future. Milliseconds.</summary>
    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    /// <summary>
    /// The most bytes that one compressed batch may grow to when it is looked into: a bound against small batches that explode.
    /// </summary>
    public int MaxPlainBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary><c>max.decompressed.message.bytes</c>: the most bytes of one record of a compressed batch, unpacked.</summary>
    public int MaxDecompressedBytes { get; init; } = int.MaxValue;

    /// <summary>True for a compacted topic, where each record must have a key.</summary>
    public bool RequiresKeys { get; init; }

    /// <summary>How deep a batch is looked into.</summary>
    public BatchValidation Validation { get; init; } = BatchValidation.Strict;

    /// <summary>The codec of <c>compression.type</c>, to which other batches are compressed anew; null keeps the producer's.</summary>
    public CompressionType? Compression { get; init; }

    /// <summary>The level that goes with <see cref="Compression"/>.</summary>
    public int CompressionLevel { get; init; } = RecordCompression.DefaultLevel;
}
