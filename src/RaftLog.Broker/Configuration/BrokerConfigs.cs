namespace RaftLog.Broker.Configuration;

/// <summary>A node's configuration by name: broker over cluster-wide over file over default (KIP-226).</summary>
/// <param name="settings">What stands in the file.</param>
public sealed class BrokerConfigs(ConfigSettings settings)
{
    /// <summary>Older names of a key, tried in this order in each source.</summary>
    private static readonly string[][] Families =
    [
        ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
        ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
        ["log.roll.jitter.ms", "log.roll.jitter.hours"],
        ["log.roll.ms", "log.roll.hours"],
    ];

    /// <summary>The value in force for one key, without conversions from other keys; null for unset.</summary>
    public string? Value(string key, DynamicConfigs dynamic) =>
        dynamic.Broker.TryGetValue(key, out string? value) || dynamic.Default.TryGetValue(key, out value) || settings.TryGet(key, out value)
            ? value.Trim()
        : ConfigDefinitions.Broker.TryGet(key, out ConfigDefinition? definition) ? definition.Default
        : null;

    /// <summary>True when a key has a value of its own, so its default is not used.</summary>
    public bool IsSet(string key, DynamicConfigs dynamic) =>
        dynamic.Broker.ContainsKey(key) || dynamic.Default.ContainsKey(key) || settings.Contains(key);

    /// <summary>Describes one key; null when there is no such key.</summary>
    public DescribedConfig? Describe(string key, DynamicConfigs dynamic)
    {
        if (!ConfigDefinitions.Broker.TryGet(key, out ConfigDefinition? definition))
        {
            return null;
        }

        List<ConfigSynonym> synonyms = Synonyms(key, dynamic);
        return new(
            definition,
            definition.IsSensitive || Value(key, dynamic) is not { } value ? null : definition.Normalize(value),
            synonyms.Count == 0 ? ConfigSource.Default : synonyms[0].Source,
            synonyms
        );
    }

    /// <summary>Describes every key, in ordinal order; internal ones only where they are set.</summary>
    public IReadOnlyList<DescribedConfig> DescribeAll(DynamicConfigs dynamic) =>
        [
            .. ConfigDefinitions
                .Broker.All.Where(definition => !definition.IsInternal || IsSet(definition.Name, dynamic))
                .Select(definition => Describe(definition.Name, dynamic)!),
        ];

    /// <summary>
    /// The values in the running for a key. As in Kafka the list starts with the key's own name: older names that win over it are left out
    /// together with everything, when the key itself has no value.
    /// </summary>
    internal List<ConfigSynonym> Synonyms(string key, DynamicConfigs dynamic)
    {
        string[] names = Array.Find(Families, family => family.Contains(key)) ?? [key];
        List<ConfigSynonym> synonyms = [];
        Add(ConfigSource.DynamicBroker, name => dynamic.Broker.GetValueOrDefault(name));
        Add(ConfigSource.DynamicDefaultBroker, name => dynamic.Default.GetValueOrDefault(name));
        Add(ConfigSource.StaticBroker, name => settings.TryGet(name, out string? value) ? value : null);
        Add(ConfigSource.Default, name => ConfigDefinitions.Broker[name].Default);
        int own = synonyms.FindIndex(synonym => synonym.Name == key);
        return own < 0 ? [] : synonyms[own..];

        void Add(ConfigSource source, Func<string, string?> find)
        {
            foreach (string name in names)
            {
                if (find(name) is { } value)
                {
                    synonyms.Add(new(name, ConfigDefinitions.Broker[name].IsSensitive ? null : value, source));
                }
            }
        }
    }
}
