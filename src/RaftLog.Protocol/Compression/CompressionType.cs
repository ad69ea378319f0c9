namespace RaftLog.Protocol.Compression;

/// <summary>How the records of a batch are compressed; the number stands in the lowest three bits of the batch's attributes.</summary>
public enum CompressionType : byte
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,

    /// <summary>Zstandard (KIP-110).</summary>
    Zstd = 4,
}
