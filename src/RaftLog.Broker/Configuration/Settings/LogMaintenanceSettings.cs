namespace RaftLog.Broker.Configuration;

/// <summary>What the loops that look after logs are told. All but the intervals may be changed while the node runs.</summary>
/// <param name="ProducerExpirationMs"><c>producer.id.expiration.ms</c>.</param>
/// <param name="ProducerExpirationCheckMs"><c>producer.id.expiration.check.interval.ms</c>.</param>
/// <param name="RetentionCheckMs"><c>log.retention.check.interval.ms</c>.</param>
/// <param name="Cleaner">How logs are compacted.</param>
public sealed record LogMaintenanceSettings(
    long ProducerExpirationMs,
    long ProducerExpirationCheckMs,
    long RetentionCheckMs,
    CleanerSettings Cleaner
)
{
    private const string ProducerExpiration = "producer.id.expiration.ms";
    private const string ProducerExpirationCheck = "producer.id.expiration.check.interval.ms";
    private const string RetentionCheck = "log.retention.check.interval.ms";
    private const string CleanerEnable = "log.cleaner.enable";
    internal const string CleanerThreads = "log.cleaner.threads";
    internal const string CleanerBuffer = "log.cleaner.dedupe.buffer.size";
    private const string CleanerLoadFactor = "log.cleaner.io.buffer.load.factor";
    private const string CleanerBackoff = "log.cleaner.backoff.ms";
    private const string CleanerRate = "log.cleaner.io.max.bytes.per.second";

    /// <summary>The keys that are read.</summary>
    internal static readonly IReadOnlyList<string> Keys =
    [
        ProducerExpiration,
        ProducerExpirationCheck,
        RetentionCheck,
        CleanerEnable,
        CleanerThreads,
        CleanerBuffer,
        CleanerLoadFactor,
        CleanerBackoff,
        CleanerRate,
    ];

    /// <summary>The settings in force; a value that is none is passed over for the default.</summary>
    public static LogMaintenanceSettings Of(BrokerConfigs configs, DynamicConfigs dynamic)
    {
        return new(
            Long(ProducerExpiration),
            Long(ProducerExpirationCheck),
            Long(RetentionCheck),
            new CleanerSettings(
                ConfigText.TryBoolean(Text(CleanerEnable), out bool enabled) && enabled,
                (int)Math.Min(Long(CleanerThreads), CleanerSettings.MostThreads),
                Long(CleanerBuffer),
                Double(CleanerLoadFactor),
                Long(CleanerBackoff),
                Double(CleanerRate)
            )
        );

        long Long(string key) => ConfigText.TryLong(Text(key), out long value) ? value : 0;

        double Double(string key) => ConfigText.TryDouble(Text(key), out double value) ? value : 0;

        string Text(string key)
        {
            ConfigDefinition definition = ConfigDefinitions.Broker[key];
            return configs.Value(key, dynamic) is { } set && definition.Check(set) is null ? set : definition.Default!;
        }
    }
}

/// <summary>How logs are compacted on a node.</summary>
/// <param name="IsEnabled"><c>log.cleaner.enable</c>.</param>
/// <param name="Threads"><c>log.cleaner.threads</c>: the most logs that are compacted at once.</param>
/// <param name="BufferBytes"><c>log.cleaner.dedupe.buffer.size</c>: the most bytes of offset maps, all together.</param>
/// <param name="LoadFactor"><c>log.cleaner.io.buffer.load.factor</c>: how full an offset map may become.</param>
/// <param name="BackoffMs"><c>log.cleaner.backoff.ms</c>: the wait after nothing was to be compacted.</param>
/// <param name="BytesPerSecond"><c>log.cleaner.io.max.bytes.per.second</c>: bytes read and written, all together.</param>
public sealed record CleanerSettings(
    bool IsEnabled,
    int Threads,
    long BufferBytes,
    double LoadFactor,
    long BackoffMs,
    double BytesPerSecond
)
{
    /// <summary>More threads than these are not begun, whatever number a client sets on the running node.</summary>
    public const int MostThreads = 64;
}
