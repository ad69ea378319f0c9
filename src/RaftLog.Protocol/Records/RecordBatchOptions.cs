using RaftLog.Protocol.Compression;

namespace RaftLog.Protocol.Records;

/// <summary>What a builder's batches look like.</summary>
/// <param name="Limit">The most bytes of a batch, header included, before compression.</param>
/// <param name="Compression">The codec.</param>
/// <param name="Level">The codec's level, or <see cref="RecordCompression.DefaultLevel"/>.</param>
public readonly record struct RecordBatchOptions(
    int Limit,
    CompressionType Compression = CompressionType.None,
    int Level = RecordCompression.DefaultLevel
);
