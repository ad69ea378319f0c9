namespace RaftLog.Broker.Partitions;

/// <summary>How followers fetch.</summary>
/// <param name="MaxWait">How long a leader may hold a fetch that finds nothing (<c>replica.fetch.wait.max.ms</c>).</param>
/// <param name="MaxBytes">The most bytes of one response (<c>replica.fetch.response.max.bytes</c>).</param>
/// <param name="PartitionMaxBytes">The most bytes of one partition in a response (<c>replica.fetch.max.bytes</c>).</param>
/// <param name="MaxBackoff">The longest pause after an error (<c>replica.fetch.backoff.ms</c>); the first pauses are shorter.</param>
/// <param name="RequestTimeout">How long a fetch may take before the connection is given up (<c>replica.socket.timeout.ms</c>).</param>
public sealed record FetcherOptions(TimeSpan MaxWait, int MaxBytes, int PartitionMaxBytes, TimeSpan MaxBackoff, TimeSpan RequestTimeout)
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly FetcherOptions Default = new(
        TimeSpan.FromMilliseconds(500),
        10 << 20,
        1 << 20,
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(30)
    );
}
