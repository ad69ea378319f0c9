namespace RaftLog.Storage;

/// <summary>What the cleaners of a node may use.</summary>
/// <param name="BufferBytes"><c>log.cleaner.dedupe.buffer.size</c>, each cleaner's part of it: the most bytes of its offset map.</param>
/// <param name="LoadFactor"><c>log.cleaner.io.buffer.load.factor</c>: how full the map may become.</param>
/// <param name="BytesPerSecond"><c>log.cleaner.io.max.bytes.per.second</c>, each cleaner's part of it: bytes read and written.</param>
public sealed record CleanerOptions(long BufferBytes, double LoadFactor, double BytesPerSecond)
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly CleanerOptions Default = new(128 * 1024 * 1024, 0.9, double.MaxValue);
}
