using System.Globalization;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Configuration;

/// <summary>Finds the value in force for each key of a topic: topic, broker, cluster-wide, file, default.</summary>
public static class TopicConfigs
{
    private const long MillisecondsPerMinute = 60_000;
    private const long MillisecondsPerHour = 3_600_000;

    /// <summary>A topic with nothing of its own.</summary>
    public static readonly IReadOnlyDictionary<string, string> NoOverrides = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The typed configuration of a topic.</summary>
    /// <param name="overrides">What was set on the topic. Values that do not pass their check are passed over: the node's default holds.</param>
    /// <param name="broker">The node's own configuration.</param>
    /// <param name="dynamic">What was set on the running cluster.</param>
    public static TopicConfig Resolve(IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        Values values = new(overrides, broker, dynamic);
        string[] policies = ConfigText.List(values.Text("cleanup.policy"));
        return new(
            values.Int("min.insync.replicas"),
            values.Boolean("unclean.leader.election.enable"),
            new(
                values.Int("max.message.bytes"),
                values.Text("message.timestamp.type") == nameof(TimestampType.LogAppendTime) ? TimestampType.LogAppendTime : TimestampType.CreateTime,
                values.Long("message.timestamp.before.max.ms"),
                values.Long("message.timestamp.after.max.ms")),
            new(
                Enum.Parse<TopicCompression>(values.Text("compression.type"), ignoreCase: true),
                values.Int("compression.gzip.level"),
                values.Int("compression.lz4.level"),
                values.Int("compression.zstd.level")),
            new(
                values.Int("segment.bytes"),
                values.Long("segment.ms"),
                values.Long("segment.jitter.ms"),
                values.Int("segment.index.bytes"),
                values.Int("index.interval.bytes"),
                values.Boolean("preallocate"),
                values.Long("file.delete.delay.ms")),
            new(policies.Contains("delete"), policies.Contains("compact"), values.Long("retention.bytes"), values.Long("retention.ms")),
            new(
                values.Double("min.cleanable.dirty.ratio"),
                values.Long("delete.retention.ms"),
                values.Long("min.compaction.lag.ms"),
                values.Long("max.compaction.lag.ms")),
            new(values.Long("flush.messages"), values.Long("flush.ms")));
    }

    /// <summary>The value in force for one key of a topic, as text; null when there is no such key.</summary>
    public static string? Value(string key, IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        if (!ConfigDefinitions.Topic.TryGet(key, out ConfigDefinition? definition))
        {
            return null;
        }

        if (overrides.TryGetValue(key, out string? own) && definition.Check(own) is null)
        {
            return own.Trim();
        }

        foreach (string brokerKey in definition.BrokerKeys)
        {
            if (broker.IsSet(brokerKey, dynamic) && broker.Value(brokerKey, dynamic) is { } set && ConfigDefinitions.Broker[brokerKey].Check(set) is null)
            {
                return InMilliseconds(brokerKey, set);
            }
        }

        return definition.Default;
    }

    /// <summary>Describes one key of a topic; null when there is no such key.</summary>
    public static DescribedConfig? Describe(string key, IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        if (!ConfigDefinitions.Topic.TryGet(key, out ConfigDefinition? definition))
        {
            return null;
        }

        List<ConfigSynonym> synonyms = definition.BrokerKeys.Count == 0 ? [] : broker.Synonyms(definition.BrokerKeys[0], dynamic);
        if (overrides.TryGetValue(key, out string? own))
        {
            synonyms.Insert(0, new(key, own, ConfigSource.DynamicTopic));
        }

        return new(
            definition, Value(key, overrides, broker, dynamic), synonyms.Count == 0 ? ConfigSource.Default : synonyms[0].Source, synonyms);
    }

    /// <summary>Describes every key of a topic, in ordinal order.</summary>
    public static IReadOnlyList<DescribedConfig> DescribeAll(
        IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic) =>
        ConfigDefinitions.Topic.All.Select(definition => Describe(definition.Name, overrides, broker, dynamic)!).ToList();

    private static string InMilliseconds(string brokerKey, string value)
    {
        long unit = brokerKey.EndsWith(".minutes", StringComparison.Ordinal) ? MillisecondsPerMinute
            : brokerKey.EndsWith(".hours", StringComparison.Ordinal) ? MillisecondsPerHour
            : 1;
        if (unit == 1)
        {
            return value;
        }

        _ = ConfigText.TryLong(value, out long count);
        return (count < 0 ? -1 : count * unit).ToString(CultureInfo.InvariantCulture);
    }

    private readonly struct Values(IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        public string Text(string key) => Value(key, overrides, broker, dynamic)!;

        public int Int(string key) => (int)Long(key);

        public long Long(string key) => ConfigText.TryLong(Text(key), out long value) ? value : 0;

        public double Double(string key) => ConfigText.TryDouble(Text(key), out double value) ? value : 0;

        public bool Boolean(string key) => ConfigText.TryBoolean(Text(key), out bool value) && value;
    }
}
