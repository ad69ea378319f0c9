namespace RaftLog.Broker.Configuration;

/// <summary>In which codec a topic's batches are stored (<c>compression.type</c>).</summary>
public enum TopicCompression : byte
{
    /// <summary>As the producer sent them.</summary>
    Producer,
    Uncompressed,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}
