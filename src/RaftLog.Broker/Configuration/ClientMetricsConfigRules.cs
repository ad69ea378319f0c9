using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Decides whether a subscription to client metrics may be configured so (KIP-714). The words are Kafka's.</summary>
public static class ClientMetricsConfigRules
{
    private const string Interval = "interval.ms";
    private const long LeastIntervalMs = 100;
    private const long MostIntervalMs = 3_600_000;

    /// <summary>Checks the whole configuration that a subscription would have.</summary>
    /// <returns><see cref="ErrorCode.None"/> and null, or <see cref="ErrorCode.InvalidConfig"/> and what is wrong.</returns>
    public static (ErrorCode Error, string? Message) Check(IReadOnlyDictionary<string, string> values)
    {
        foreach ((string key, string value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!ConfigDefinitions.ClientMetrics.TryGet(key, out ConfigDefinition? definition))
            {
                return (ErrorCode.InvalidConfig, $"Unknown client metrics configuration: {key}");
            }

            if (definition.Check(value) is { } fault)
            {
                return (ErrorCode.InvalidConfig, fault.ForKey(key));
            }

            if (key == Interval && ConfigText.TryLong(value, out long interval) && interval is < LeastIntervalMs or > MostIntervalMs)
            {
                return (
                    ErrorCode.InvalidConfig,
                    $"Invalid value {value} for {Interval}, interval must be between {LeastIntervalMs} and {MostIntervalMs} (1 hour)"
                );
            }
        }

        return (ErrorCode.None, null);
    }
}
