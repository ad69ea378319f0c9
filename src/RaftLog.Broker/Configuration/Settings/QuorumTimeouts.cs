namespace RaftLog.Broker.Configuration;

/// <summary>The timing and sizes of the metadata quorum.</summary>
/// <param name="ElectionTimeoutMs"><c>controller.quorum.election.timeout.ms</c>: a voter without a leader stands for election after one to
/// two times this.</param>
/// <param name="FetchTimeoutMs"><c>controller.quorum.fetch.timeout.ms</c>: without a successful fetch for so long, the leader counts as
/// lost.</param>
/// <param name="ElectionBackoffMaxMs"><c>controller.quorum.election.backoff.max.ms</c>: the most time between two attempts.</param>
/// <param name="RequestTimeoutMs"><c>controller.quorum.request.timeout.ms</c>: how long a request may take.</param>
/// <param name="RetryBackoffMs"><c>controller.quorum.retry.backoff.ms</c>: wait before a request is sent again.</param>
/// <param name="FetchMaxBytes"><c>controller.quorum.fetch.max.bytes</c>: bytes of one fetch of the log.</param>
/// <param name="FetchSnapshotMaxBytes"><c>controller.quorum.fetch.snapshot.max.bytes</c>: bytes of one fetch of a snapshot.</param>
public sealed record QuorumTimeouts(
    int ElectionTimeoutMs,
    int FetchTimeoutMs,
    int ElectionBackoffMaxMs,
    int RequestTimeoutMs,
    int RetryBackoffMs,
    int FetchMaxBytes,
    int FetchSnapshotMaxBytes
)
{
    internal static QuorumTimeouts Read(SettingsReader settings) =>
        new(
            settings.Int("controller.quorum.election.timeout.ms"),
            settings.Int("controller.quorum.fetch.timeout.ms"),
            settings.Int("controller.quorum.election.backoff.max.ms"),
            settings.Int("controller.quorum.request.timeout.ms"),
            settings.Int("controller.quorum.retry.backoff.ms"),
            settings.Int("controller.quorum.fetch.max.bytes"),
            settings.Int("controller.quorum.fetch.snapshot.max.bytes")
        );
}
