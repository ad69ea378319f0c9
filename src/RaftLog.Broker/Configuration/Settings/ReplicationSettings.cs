namespace RaftLog.Broker.Configuration;

/// <summary>How followers follow.</summary>
/// <param name="LagTimeMaxMs"><c>replica.lag.time.max.ms</c>: a follower behind for so long leaves the in-sync set.</param>
/// <param name="FetchMaxBytes"><c>replica.fetch.max.bytes</c>: bytes of one partition in a fetch.</param>
/// <param name="FetchResponseMaxBytes"><c>replica.fetch.response.max.bytes</c>: bytes of a fetch.</param>
/// <param name="FetchWaitMaxMs"><c>replica.fetch.wait.max.ms</c>: how long it waits.</param>
/// <param name="FetchBackoffMs"><c>replica.fetch.backoff.ms</c>: pause after a failed fetch.</param>
/// <param name="SocketTimeoutMs"><c>replica.socket.timeout.ms</c>: how long a follower waits for a response.</param>
public sealed record ReplicationSettings(
    long LagTimeMaxMs,
    int FetchMaxBytes,
    int FetchResponseMaxBytes,
    int FetchWaitMaxMs,
    int FetchBackoffMs,
    int SocketTimeoutMs
)
{
    internal static ReplicationSettings Read(SettingsReader settings) =>
        new(
            settings.Long("replica.lag.time.max.ms"),
            settings.Int("replica.fetch.max.bytes"),
            settings.Int("replica.fetch.response.max.bytes"),
            settings.Int("replica.fetch.wait.max.ms"),
            settings.Int("replica.fetch.backoff.ms"),
            settings.Int("replica.socket.timeout.ms")
        );
}
