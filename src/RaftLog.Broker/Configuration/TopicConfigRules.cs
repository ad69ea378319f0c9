using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Decides whether a topic may be configured so. The words are Kafka's, because people search for them.</summary>
public static class TopicConfigRules
{
    /// <summary>Checks the whole configuration that a topic would have of its own.</summary>
    /// <param name="overrides">Keys and values; null values are not allowed here.</param>
    /// <param name="broker">The node's configuration, for limits that span two keys.</param>
    /// <param name="dynamic">What was set on the running cluster.</param>
    /// <returns><see cref="ErrorCode.None"/> and null, or <see cref="ErrorCode.InvalidConfig"/> and what is wrong.</returns>
    public static (ErrorCode Error, string? Message) Check(
        IReadOnlyDictionary<string, string> overrides,
        BrokerConfigs broker,
        DynamicConfigs dynamic
    )
    {
        // Unknown names come first, as in Kafka, whatever else is wrong.
        foreach (string key in overrides.Keys.Order(StringComparer.Ordinal))
        {
            if (!ConfigDefinitions.Topic.TryGet(key, out _))
            {
                return (ErrorCode.InvalidConfig, $"Unknown topic config name: {key}");
            }
        }

        foreach ((string key, string value) in overrides.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (ConfigDefinitions.Topic[key].Check(value) is { } fault)
            {
                return (ErrorCode.InvalidConfig, fault.ForKey(key));
            }
        }

        TopicConfig config = TopicConfigs.Resolve(overrides, broker, dynamic);
        if (config.Compaction.MinLagMs > config.Compaction.MaxLagMs)
        {
            return (
                ErrorCode.InvalidConfig,
                $"conflict topic config setting min.compaction.lag.ms ({config.Compaction.MinLagMs}) > max.compaction.lag.ms "
                    + $"({config.Compaction.MaxLagMs})"
            );
        }

        if (overrides.TryGetValue("remote.storage.enable", out string? remote) && ConfigText.TryBoolean(remote, out bool tiered) && tiered)
        {
            return (
                ErrorCode.InvalidConfig,
                "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
            );
        }

        return (ErrorCode.None, null);
    }
}
