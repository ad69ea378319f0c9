namespace RaftLog.Broker.Configuration;

/// <summary>Transactions and idempotent producers.</summary>
/// <param name="MaxTimeoutMs"><c>transaction.max.timeout.ms</c>: longest timeout that a producer may ask for.</param>
/// <param name="IdExpirationMs"><c>transactional.id.expiration.ms</c>: an idle transactional id is kept so long.</param>
/// <param name="AbortCheckIntervalMs"><c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c>: how often timed-out transactions are looked for.</param>
/// <param name="ExpirationCheckIntervalMs"><c>transaction.remove.expired.transaction.cleanup.interval.ms</c>: how often expired ids are looked for.</param>
/// <param name="ProducerIdExpirationMs"><c>producer.id.expiration.ms</c>: a partition remembers an idle producer so long.</param>
/// <param name="VerifyPartitions"><c>transaction.partition.verification.enable</c>: ask the coordinator before the first write of a transaction to a partition.</param>
public sealed record TransactionSettings(
    int MaxTimeoutMs,
    int IdExpirationMs,
    int AbortCheckIntervalMs,
    int ExpirationCheckIntervalMs,
    int ProducerIdExpirationMs,
    bool VerifyPartitions)
{
    internal static TransactionSettings Read(SettingsReader settings) => new(
        settings.Int("transaction.max.timeout.ms"),
        settings.Int("transactional.id.expiration.ms"),
        settings.Int("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
        settings.Int("transaction.remove.expired.transaction.cleanup.interval.ms"),
        settings.Int("producer.id.expiration.ms"),
        settings.Boolean("transaction.partition.verification.enable"));
}
