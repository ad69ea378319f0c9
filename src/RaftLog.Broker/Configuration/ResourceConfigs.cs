using System.Globalization;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// One kind of resource whose keys have values of its own over defaults from the node: finds the value in force for each key, in the order
/// resource, broker, cluster-wide, file, default.
/// </summary>
public sealed class ResourceConfigs
{
    /// <summary>Topics.</summary>
    public static readonly ResourceConfigs Topic = new(ConfigDefinitions.Topic, ConfigSource.DynamicTopic);

    /// <summary>Groups. A key that no key of the node stands behind names itself as its default.</summary>
    public static readonly ResourceConfigs Group = new(ConfigDefinitions.Group, ConfigSource.Group) { _namesOwnDefault = true };

    /// <summary>Subscriptions to client metrics.</summary>
    public static readonly ResourceConfigs ClientMetrics = new(ConfigDefinitions.ClientMetrics, ConfigSource.ClientMetrics);

    /// <summary>A resource with nothing of its own.</summary>
    public static readonly IReadOnlyDictionary<string, string> NoOverrides = new Dictionary<string, string>(StringComparer.Ordinal);

    private const long MillisecondsPerMinute = 60_000;
    private const long MillisecondsPerHour = 3_600_000;

    private readonly ConfigDefinitions _definitions;
    private readonly ConfigSource _own;
    private bool _namesOwnDefault;

    private ResourceConfigs(ConfigDefinitions definitions, ConfigSource own)
    {
        _definitions = definitions;
        _own = own;
    }

    /// <summary>The value in force for one key, as text; null when there is no such key or no value.</summary>
    public string? Value(string key, IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        if (!_definitions.TryGet(key, out ConfigDefinition? definition))
        {
            return null;
        }

        if (overrides.TryGetValue(key, out string? own) && definition.Check(own) is null)
        {
            return definition.Normalize(own);
        }

        foreach (string brokerKey in definition.BrokerKeys)
        {
            if (
                broker.IsSet(brokerKey, dynamic)
                && broker.Value(brokerKey, dynamic) is { } set
                && ConfigDefinitions.Broker[brokerKey].Check(set) is null
            )
            {
                return definition.Normalize(InMilliseconds(brokerKey, set));
            }
        }

        return definition.Default;
    }

    /// <summary>Describes one key; null when there is no such key.</summary>
    public DescribedConfig? Describe(
        string key,
        IReadOnlyDictionary<string, string> overrides,
        BrokerConfigs broker,
        DynamicConfigs dynamic
    )
    {
        if (!_definitions.TryGet(key, out ConfigDefinition? definition))
        {
            return null;
        }

        List<ConfigSynonym> synonyms =
            definition.BrokerKeys.Count > 0 ? broker.Synonyms(definition.BrokerKeys[0], dynamic)
            : _namesOwnDefault ? [new(key, definition.Default, ConfigSource.Default)]
            : [];
        if (overrides.TryGetValue(key, out string? own))
        {
            synonyms.Insert(0, new(key, definition.Normalize(own), _own));
        }

        return new(
            definition,
            Value(key, overrides, broker, dynamic),
            synonyms.Count == 0 ? ConfigSource.Default : synonyms[0].Source,
            synonyms
        );
    }

    /// <summary>Describes every key, in ordinal order; internal ones only where they are set.</summary>
    public IReadOnlyList<DescribedConfig> DescribeAll(
        IReadOnlyDictionary<string, string> overrides,
        BrokerConfigs broker,
        DynamicConfigs dynamic
    ) =>
        [
            .. _definitions
                .All.Where(definition => !definition.IsInternal || overrides.ContainsKey(definition.Name))
                .Select(definition => Describe(definition.Name, overrides, broker, dynamic)!),
        ];

    private static string InMilliseconds(string brokerKey, string value)
    {
        long unit =
            brokerKey.EndsWith(".minutes", StringComparison.Ordinal) ? MillisecondsPerMinute
            : brokerKey.EndsWith(".hours", StringComparison.Ordinal) ? MillisecondsPerHour
            : 1;
        if (unit == 1)
        {
            return value;
        }

        _ = ConfigText.TryLong(value, out long count);
        return (count < 0 ? -1 : count * unit).ToString(CultureInfo.InvariantCulture);
    }
}
