namespace RaftLog.Broker.Configuration;

/// <summary>What the loops that look after logs are told. All but the intervals may be changed while the node runs.</summary>
/// <param name="ProducerExpirationMs"><c>producer.id.expiration.ms</c>.</param>
/// <param name="ProducerExpirationCheckMs"><c>producer.id.expiration.check.interval.ms</c>.</param>
/// <param name="RetentionCheckMs"><c>log.retention.check.interval.ms</c>.</param>
public sealed record LogMaintenanceSettings(long ProducerExpirationMs, long ProducerExpirationCheckMs, long RetentionCheckMs)
{
    private const string ProducerExpiration = "producer.id.expiration.ms";
    private const string ProducerExpirationCheck = "producer.id.expiration.check.interval.ms";
    private const string RetentionCheck = "log.retention.check.interval.ms";

    /// <summary>The keys that are read.</summary>
    internal static readonly IReadOnlyList<string> Keys = [ProducerExpiration, ProducerExpirationCheck, RetentionCheck];

    /// <summary>The settings in force; a value that is none is passed over for the default.</summary>
    public static LogMaintenanceSettings Of(BrokerConfigs configs, DynamicConfigs dynamic)
    {
        return new(Long(ProducerExpiration), Long(ProducerExpirationCheck), Long(RetentionCheck));

        long Long(string key)
        {
            ConfigDefinition definition = ConfigDefinitions.Broker[key];
            string text = configs.Value(key, dynamic) is { } set && definition.Check(set) is null ? set : definition.Default!;
            return ConfigText.TryLong(text, out long value) ? value : 0;
        }
    }
}
