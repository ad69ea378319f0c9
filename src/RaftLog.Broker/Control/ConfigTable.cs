using System.Collections.Immutable;
using RaftLog.Broker.Configuration;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Control;

/// <summary>Tells the controller what configuration keys there are and what they may be set to.</summary>
internal sealed class ConfigTable(BrokerConfigs broker) : IConfigTable
{
    /// <inheritdoc />
    public string? Rejection(
        MetadataImage image,
        ConfigResource resource,
        ImmutableSortedDictionary<string, string> values,
        IReadOnlyList<string> changed
    ) =>
        resource.Type switch
        {
            ConfigResourceType.Topic => TopicConfigRules.Check(WithoutRemoved(values, changed), broker, DynamicConfigs.None).Message,
            ConfigResourceType.Group => GroupConfigRules.Check(values, broker, DynamicConfigs.None).Message,
            ConfigResourceType.ClientMetrics => ClientMetricsConfigRules.Check(values).Message,
            _ => BrokerConfigRules
                .Check(values, changed, resource == ConfigResource.AllBrokers, broker, image.ConfigOf(ConfigResource.AllBrokers))
                .Message,
        };

    /// <summary>Keys that Kafka 3 has set and Kafka 4 has removed are in nobody's way, as in Kafka, until somebody sets one.</summary>
    private static ImmutableSortedDictionary<string, string> WithoutRemoved(
        ImmutableSortedDictionary<string, string> values,
        IReadOnlyList<string> changed
    ) => values.RemoveRange(values.Keys.Where(key => !ConfigDefinitions.Topic.TryGet(key, out _) && !changed.Contains(key)));

    /// <inheritdoc />
    public bool IsList(ConfigResourceType type, string key) =>
        DefinitionsOf(type).TryGet(key, out ConfigDefinition? definition) && definition.Type == ConfigType.List;

    /// <inheritdoc />
    public string? DefaultOf(ConfigResourceType type, string key) =>
        type switch
        {
            ConfigResourceType.Topic => ResourceConfigs.Topic.Value(key, ResourceConfigs.NoOverrides, broker, DynamicConfigs.None),
            ConfigResourceType.Group => ResourceConfigs.Group.Value(key, ResourceConfigs.NoOverrides, broker, DynamicConfigs.None),
            ConfigResourceType.ClientMetrics => ResourceConfigs.ClientMetrics.Value(
                key,
                ResourceConfigs.NoOverrides,
                broker,
                DynamicConfigs.None
            ),
            _ => broker.Value(key, DynamicConfigs.None),
        };

    private static ConfigDefinitions DefinitionsOf(ConfigResourceType type) =>
        type switch
        {
            ConfigResourceType.Topic => ConfigDefinitions.Topic,
            ConfigResourceType.Group => ConfigDefinitions.Group,
            ConfigResourceType.ClientMetrics => ConfigDefinitions.ClientMetrics,
            _ => ConfigDefinitions.Broker,
        };
}
