namespace RaftLog.Coordination.Transactions;

/// <summary>The configuration of transaction coordinators. All times in milliseconds.</summary>
public sealed record TransactionSettings
{
    /// <summary>Kafka's defaults.</summary>
    public static readonly TransactionSettings Default = new();

    /// <summary><c>transaction.max.timeout.ms</c>: the longest transaction that a producer may ask for.</summary>
    public int MaxTimeoutMs { get; init; } = 900_000;

    /// <summary><c>transactional.id.expiration.ms</c>: an id without a transaction is forgotten after so long.</summary>
    public int IdExpirationMs { get; init; } = 604_800_000;

    /// <summary>
    /// <c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c>: how often open transactions are looked through.
    /// </summary>
    public int AbortIntervalMs { get; init; } = 10_000;

    /// <summary><c>transaction.remove.expired.transaction.cleanup.interval.ms</c>: how often ids are looked through.</summary>
    public int ExpiryIntervalMs { get; init; } = 3_600_000;

    /// <summary>
    /// How long a request that begins a transaction waits while the one before is decided and not complete, before it is rejected; 0: not
    /// at all, as in Kafka, where the one who asks comes back after a pause.
    /// </summary>
    public int CompletionWaitMs { get; init; }

    /// <summary>
    /// The most ids that one coordinator keeps, a bound of RaftLog's own. A new id beyond it gets COORDINATOR_NOT_AVAILABLE until others
    /// have expired.
    /// </summary>
    public int MostIds { get; init; } = 1_000_000;
}
