using System.Collections.Immutable;
using RaftLog.Broker.Configuration;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Control;

/// <summary>Tells the controller what configuration keys there are and what they may be set to.</summary>
internal sealed class ConfigTable(BrokerConfigs broker) : IConfigTable
{
    /// <inheritdoc />
    public string? Refusal(ConfigResource resource, ImmutableSortedDictionary<string, string> values, IReadOnlyList<string> changed)
    {
        if (resource.Type == ConfigResourceType.Topic)
        {
            return TopicConfigRules.Check(values, broker, DynamicConfigs.None).Message;
        }

        foreach (string key in changed)
        {
            if (values.TryGetValue(key, out string? value) && BrokerConfigRules.Check(key, value).Message is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <inheritdoc />
    public bool IsList(ConfigResourceType type, string key) =>
        (type == ConfigResourceType.Topic ? ConfigDefinitions.Topic : ConfigDefinitions.Broker).TryGet(key, out ConfigDefinition? definition)
        && definition.Type == ConfigType.List;

    /// <inheritdoc />
    public string? DefaultOf(ConfigResourceType type, string key) => type == ConfigResourceType.Topic
        ? TopicConfigs.Value(key, TopicConfigs.NoOverrides, broker, DynamicConfigs.None)
        : broker.Value(key, DynamicConfigs.None);
}
