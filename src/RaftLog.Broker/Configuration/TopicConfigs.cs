using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Configuration;

/// <summary>Reads the configuration in force for a topic into types.</summary>
public static class TopicConfigs
{
    /// <summary>The typed configuration of a topic.</summary>
    /// <param name="overrides">What was set on the topic. Values that do not pass their check are passed over: the node's default
    /// holds.</param>
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
                values.Text("message.timestamp.type") == nameof(TimestampType.LogAppendTime)
                    ? TimestampType.LogAppendTime
                    : TimestampType.CreateTime,
                values.Long("message.timestamp.before.max.ms"),
                values.Long("message.timestamp.after.max.ms"),
                values.Int("max.decompressed.message.bytes")
            ),
            new(
                Enum.Parse<TopicCompression>(values.Text("compression.type"), ignoreCase: true),
                values.Int("compression.gzip.level"),
                values.Int("compression.lz4.level"),
                values.Int("compression.zstd.level")
            ),
            new(
                values.IsSet("internal.segment.bytes") ? values.Int("internal.segment.bytes") : values.Int("segment.bytes"),
                values.Long("segment.ms"),
                values.Long("segment.jitter.ms"),
                values.Int("segment.index.bytes"),
                values.Int("index.interval.bytes"),
                values.Boolean("preallocate"),
                values.Long("file.delete.delay.ms")
            ),
            new(policies.Contains("delete"), policies.Contains("compact"), values.Long("retention.bytes"), values.Long("retention.ms")),
            new(
                values.Double("min.cleanable.dirty.ratio"),
                values.Long("delete.retention.ms"),
                values.Long("min.compaction.lag.ms"),
                values.Long("max.compaction.lag.ms")
            ),
            new(values.Long("flush.messages"), values.Long("flush.ms")),
            values.Text("follower.replication.throttled.replicas"),
            values.Text("leader.replication.throttled.replicas")
        );
    }

    private readonly struct Values(IReadOnlyDictionary<string, string> overrides, BrokerConfigs broker, DynamicConfigs dynamic)
    {
        public bool IsSet(string key) => ResourceConfigs.Topic.Value(key, overrides, broker, dynamic) is not null;

        public string Text(string key) => ResourceConfigs.Topic.Value(key, overrides, broker, dynamic)!;

        public int Int(string key) => (int)Long(key);

        public long Long(string key) => ConfigText.TryLong(Text(key), out long value) ? value : 0;

        public double Double(string key) => ConfigText.TryDouble(Text(key), out double value) ? value : 0;

        public bool Boolean(string key) => ConfigText.TryBoolean(Text(key), out bool value) && value;
    }
}
