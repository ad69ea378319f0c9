namespace RaftLog.Broker.Configuration;

/// <summary>How this node coordinates transactions. All times in milliseconds.</summary>
/// <param name="MaxTimeoutMs"><c>transaction.max.timeout.ms</c>: the longest timeout that a producer may ask for.</param>
/// <param name="IdExpirationMs"><c>transactional.id.expiration.ms</c>: an id that was idle for so long is forgotten.</param>
/// <param name="AbortIntervalMs"><c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c>: how often open transactions are looked
/// through.</param>
/// <param name="ExpiryIntervalMs"><c>transaction.remove.expired.transaction.cleanup.interval.ms</c>: how often ids are looked
/// through.</param>
/// <param name="AddRetryMs"><c>add.partitions.to.txn.retry.backoff.ms</c>: the pause before a partition is tried to be added again.</param>
/// <param name="AddRetryMaxMs"><c>add.partitions.to.txn.retry.backoff.max.ms</c>: how long that is tried.</param>
public sealed record TransactionCoordinationSettings(
    int MaxTimeoutMs,
    int IdExpirationMs,
    int AbortIntervalMs,
    int ExpiryIntervalMs,
    int AddRetryMs,
    int AddRetryMaxMs
)
{
    internal static TransactionCoordinationSettings Read(SettingsReader settings) =>
        new(
            settings.Int("transaction.max.timeout.ms"),
            settings.Int("transactional.id.expiration.ms"),
            settings.Int("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
            settings.Int("transaction.remove.expired.transaction.cleanup.interval.ms"),
            settings.Int("add.partitions.to.txn.retry.backoff.ms"),
            settings.Int("add.partitions.to.txn.retry.backoff.max.ms")
        );
}
