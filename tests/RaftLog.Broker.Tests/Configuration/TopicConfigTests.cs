using RaftLog.Broker.Configuration;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Tests.Configuration;

public class TopicConfigTests
{
    private static readonly BrokerConfigs Bare = new(new ConfigSettings("test"));

    [Fact]
    public void Without_any_setting_a_topic_has_Kafkas_defaults_but_is_flushed()
    {
        TopicConfig config = TopicConfigs.Resolve(ResourceConfigs.NoOverrides, Bare, DynamicConfigs.None);
        Assert.Equal(1, config.MinInsyncReplicas);
        Assert.False(config.UncleanLeaderElection);
        Assert.Equal(new MessageRules(1048588, TimestampType.CreateTime, long.MaxValue, 3_600_000, 2_147_483_639), config.Messages);
        Assert.Equal(new CompressionRules(TopicCompression.Producer, -1, 9, 3), config.Compression);
        Assert.Equal(new SegmentRules(1 << 30, 604_800_000, 0, 10 << 20, 4096, false, 60_000), config.Segments);
        Assert.Equal(new RetentionRules(true, false, -1, 604_800_000), config.Retention);
        Assert.Equal(new CompactionRules(0.5, 86_400_000, 0, long.MaxValue), config.Compaction);
        Assert.Equal(new FlushRules(1, long.MaxValue), config.Flush);
    }

    [Fact]
    public void The_topic_wins_over_the_broker_over_the_cluster_over_the_file_over_the_default()
    {
        BrokerConfigs file = new(Settings(("min.insync.replicas", "2")));
        DynamicConfigs cluster = DynamicConfigs.None with { Default = Map(("min.insync.replicas", "3")) };
        DynamicConfigs broker = cluster with { Broker = Map(("min.insync.replicas", "4")) };
        Assert.Equal(1, TopicConfigs.Resolve(ResourceConfigs.NoOverrides, Bare, DynamicConfigs.None).MinInsyncReplicas);
        Assert.Equal(2, TopicConfigs.Resolve(ResourceConfigs.NoOverrides, file, DynamicConfigs.None).MinInsyncReplicas);
        Assert.Equal(3, TopicConfigs.Resolve(ResourceConfigs.NoOverrides, file, cluster).MinInsyncReplicas);
        Assert.Equal(4, TopicConfigs.Resolve(ResourceConfigs.NoOverrides, file, broker).MinInsyncReplicas);
        Assert.Equal(5, TopicConfigs.Resolve(Map(("min.insync.replicas", "5")), file, broker).MinInsyncReplicas);
    }

    [Fact]
    public void Hours_and_minutes_become_milliseconds_and_milliseconds_win()
    {
        Assert.Equal(7_200_000, Retention(("log.retention.hours", "2")));
        Assert.Equal(180_000, Retention(("log.retention.hours", "2"), ("log.retention.minutes", "3")));
        Assert.Equal(4, Retention(("log.retention.hours", "2"), ("log.retention.minutes", "3"), ("log.retention.ms", "4")));
        Assert.Equal(-1, Retention(("log.retention.hours", "-1")));

        static long Retention(params (string, string)[] settings) =>
            TopicConfigs.Resolve(ResourceConfigs.NoOverrides, new(Settings(settings)), DynamicConfigs.None).Retention.AgeMs;
    }

    [Fact]
    public void A_value_that_is_not_one_is_passed_over()
    {
        Assert.Equal(1, TopicConfigs.Resolve(Map(("min.insync.replicas", "many")), Bare, DynamicConfigs.None).MinInsyncReplicas);
    }

    [Fact]
    public void Cleanup_policies_combine()
    {
        Assert.Equal((true, true), Policies("compact, delete"));
        Assert.Equal((false, true), Policies("compact"));
        Assert.Equal((false, false), Policies(""));

        static (bool, bool) Policies(string value)
        {
            RetentionRules rules = TopicConfigs.Resolve(Map(("cleanup.policy", value)), Bare, DynamicConfigs.None).Retention;
            return (rules.Deletes, rules.Compacts);
        }
    }

    [Theory]
    [InlineData("foo", "1", "Unknown topic config name: foo")]
    [InlineData("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG")]
    [InlineData("min.compaction.lag.ms", "9223372036854775807", null)]
    [InlineData(
        "remote.storage.enable",
        "true",
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
    )]
    [InlineData("remote.storage.enable", "false", null)]
    public void Topics_are_rejected_in_the_words_of_Kafka(string key, string value, string? expected)
    {
        (ErrorCode error, string? message) = TopicConfigRules.Check(Map((key, value)), Bare, DynamicConfigs.None);
        Assert.Equal(expected, message);
        Assert.Equal(expected is null ? ErrorCode.None : ErrorCode.InvalidConfig, error);
    }

    [Fact]
    public void Compaction_lags_that_contradict_each_other_are_rejected() =>
        Assert.Equal(
            "conflict topic config setting min.compaction.lag.ms (100) > max.compaction.lag.ms (50)",
            TopicConfigRules
                .Check(Map(("min.compaction.lag.ms", "100"), ("max.compaction.lag.ms", "50")), Bare, DynamicConfigs.None)
                .Message
        );

    [Fact]
    public void An_unknown_name_is_told_before_a_wrong_value() =>
        Assert.Equal(
            "Unknown topic config name: zoo",
            TopicConfigRules.Check(Map(("retention.ms", "x"), ("zoo", "1")), Bare, DynamicConfigs.None).Message
        );

    [Theory]
    [InlineData("log.retention.ms", "abc", "Invalid value abc for configuration log.retention.ms: Not a number of type LONG")]
    [InlineData("node.id", "5", "Cannot update these configs dynamically: [node.id]")]
    [InlineData("log.retention.hours", "9", "Cannot update these configs dynamically: [log.retention.hours]")]
    [InlineData("min.insync.replicas", "0", "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1")]
    [InlineData("message.max.bytes", "1000", null)]
    [InlineData("foo", "1", null)]
    [InlineData("listeners", "PLAINTEXT://:1", "Cannot update these configs dynamically: [listeners]")]
    [InlineData(
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT",
        "Cannot update these configs dynamically: [listener.security.protocol.map]"
    )]
    [InlineData(
        "cordoned.log.dirs",
        "/a",
        "Cannot update these configs at default cluster level, broker id must be specified: [cordoned.log.dirs]"
    )]
    [InlineData(
        "ssl.keystore.type",
        "JKS",
        "These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.type]"
    )]
    [InlineData(
        "listener.name.plaintext.max.connections",
        "5",
        "Cannot update these configs dynamically: [listener.name.plaintext.max.connections]; RaftLog has no settings of single listeners"
    )]
    [InlineData("max.connections", "0", "Invalid value 0 for configuration max.connections: no client could connect to change it back")]
    [InlineData(
        "max.connections.per.ip",
        "0",
        "Invalid value for configuration max.connections.per.ip: it can be set to zero only if max.connections.per.ip.overrides is set, "
            + "since no client could connect"
    )]
    [InlineData("max.connections.per.ip.overrides", "127.0.0.1:5,::1:7", null)]
    [InlineData(
        "max.connections.per.ip.overrides",
        "localhost:5",
        "Invalid value for configuration max.connections.per.ip.overrides: 'localhost:5' is no IP address with a number of connections "
            + "behind a colon"
    )]
    [InlineData("log.cleaner.dedupe.buffer.size", "1048577", null)]
    [InlineData(
        "log.cleaner.dedupe.buffer.size",
        "1048576",
        "Invalid value for configuration log.cleaner.dedupe.buffer.size: it must be at least 1MB per cleaner thread, and "
            + "log.cleaner.threads is 1"
    )]
    [InlineData(
        "log.cleaner.threads",
        "200",
        "Invalid value for configuration log.cleaner.dedupe.buffer.size: it must be at least 1MB per cleaner thread, and "
            + "log.cleaner.threads is 200"
    )]
    [InlineData("log.cleaner.threads", "0", "Invalid value for configuration log.cleaner.threads: it must be greater than or equal to 1")]
    [InlineData("log.retention.ms", "-1", null)]
    [InlineData("log.retention.ms", "0", "Invalid value for configuration log.retention.ms: it must be unlimited (-1), or 1 or more")]
    [InlineData("log.roll.ms", "0", "Invalid value for configuration log.roll.ms: it must be greater than or equal to 1")]
    [InlineData("log.roll.jitter.ms", "-1", "Invalid value for configuration log.roll.jitter.ms: it must be greater than or equal to 0")]
    [InlineData(
        "group.consumer.assignment.interval.ms",
        "60000",
        "Invalid value for configuration group.consumer.assignment.interval.ms: it must be less than or equal to "
            + "group.consumer.max.assignment.interval.ms"
    )]
    public void Changes_of_all_brokers_are_rejected_in_the_words_of_Kafka(string key, string value, string? expected) =>
        Assert.Equal(
            (expected is null ? ErrorCode.None : ErrorCode.InvalidRequest, expected),
            BrokerConfigRules.Check(Map((key, value)), [key], ofAll: true, Bare, ResourceConfigs.NoOverrides)
        );

    [Theory]
    [InlineData("cordoned.log.dirs", "/a", null)]
    [InlineData("ssl.protocol", "TLSv1.3", null)]
    [InlineData(
        "listener.name.plaintext.max.connections",
        "5",
        "Cannot update these configs dynamically: [listener.name.plaintext.max.connections]; RaftLog has no settings of single listeners"
    )]
    [InlineData(
        "principal.builder.class",
        "Mine",
        "Cannot update these configs dynamically: [principal.builder.class]; RaftLog cannot load classes; ignoring the key would change "
            + "who a client is"
    )]
    [InlineData(
        "ssl.engine.factory.class",
        "Mine",
        "Invalid value Mine for configuration ssl.engine.factory.class: Class Mine could not be found."
    )]
    public void Changes_of_one_broker_are_rejected_in_the_words_of_Kafka(string key, string value, string? expected) =>
        Assert.Equal(
            (expected is null ? ErrorCode.None : ErrorCode.InvalidRequest, expected),
            BrokerConfigRules.Check(Map((key, value)), [key], ofAll: false, Bare, ResourceConfigs.NoOverrides)
        );

    /// <summary>What is in force decides: what all brokers have counts for one of them, and what is not being set is not judged.</summary>
    [Fact]
    public void Limits_that_span_two_keys_are_judged_over_all_that_is_in_force()
    {
        Dictionary<string, string> ofAll = new() { ["log.cleaner.threads"] = "64", ["log.cleaner.dedupe.buffer.size"] = "134217728" };
        IReadOnlyDictionary<string, string> small = Map(("log.cleaner.dedupe.buffer.size", "2097152"));
        Assert.Null(BrokerConfigRules.Check(small, ["log.cleaner.dedupe.buffer.size"], false, Bare, ResourceConfigs.NoOverrides).Message);
        Assert.NotNull(BrokerConfigRules.Check(small, ["log.cleaner.dedupe.buffer.size"], false, Bare, ofAll).Message);
        Assert.Null(BrokerConfigRules.Check(small, ["log.retention.ms"], false, Bare, ofAll).Message);
    }

    [Fact]
    public void A_topics_key_is_described_with_everything_in_the_running()
    {
        BrokerConfigs file = new(Settings(("log.segment.bytes", "2000000")));
        DynamicConfigs dynamic = new(Map(("log.segment.bytes", "4000000")), Map(("log.segment.bytes", "3000000")));
        DescribedConfig described = ResourceConfigs.Topic.Describe("segment.bytes", Map(("segment.bytes", "5000000")), file, dynamic)!;
        Assert.Equal("5000000", described.Value);
        Assert.Equal(ConfigSource.DynamicTopic, described.Source);
        Assert.False(described.IsReadOnly);
        Assert.Equal(
            [
                new("segment.bytes", "5000000", ConfigSource.DynamicTopic),
                new("log.segment.bytes", "4000000", ConfigSource.DynamicBroker),
                new("log.segment.bytes", "3000000", ConfigSource.DynamicDefaultBroker),
                new("log.segment.bytes", "2000000", ConfigSource.StaticBroker),
                new("log.segment.bytes", "1073741824", ConfigSource.Default),
            ],
            described.Synonyms
        );
    }

    /// <summary>What Kafka 4.3.1 describes after it was given these values.</summary>
    [Theory]
    [InlineData("cleanup.policy", "delete,delete", "delete")]
    [InlineData("cleanup.policy", "compact, delete", "compact,delete")]
    [InlineData("cleanup.policy", "delete,compact", "delete,compact")]
    [InlineData("cleanup.policy", " delete ", "delete")]
    [InlineData("cleanup.policy", "compact,delete,compact", "compact,delete")]
    [InlineData("cleanup.policy", " delete,delete", "delete")]
    [InlineData("cleanup.policy", "", "")]
    [InlineData("leader.replication.throttled.replicas", "0:1, 1:2", "0:1,1:2")]
    [InlineData("leader.replication.throttled.replicas", "0:1,0:1", "0:1,0:1")]
    [InlineData("leader.replication.throttled.replicas", " 0:1 ", "0:1")]
    [InlineData("leader.replication.throttled.replicas", "*", "*")]
    public void Lists_are_described_as_Kafka_describes_them(string key, string value, string described)
    {
        DescribedConfig topic = ResourceConfigs.Topic.Describe(key, Map((key, value)), Bare, DynamicConfigs.None)!;
        Assert.Equal(described, topic.Value);
        Assert.Equal(new ConfigSynonym(key, described, ConfigSource.DynamicTopic), topic.Synonyms[0]);
        if (topic.Definition.BrokerKeys is [var brokerKey])
        {
            BrokerConfigs file = new(Settings((brokerKey, value)));
            Assert.Equal(described, file.Describe(brokerKey, DynamicConfigs.None)!.Value);
            Assert.Equal(described, ResourceConfigs.Topic.Describe(key, ResourceConfigs.NoOverrides, file, DynamicConfigs.None)!.Value);
            Assert.Equal(described, Bare.Describe(brokerKey, new DynamicConfigs(Map((brokerKey, value)), Map()))!.Value);
        }
    }

    [Fact]
    public void An_internal_key_counts_where_it_is_set_and_is_shown_only_there()
    {
        IReadOnlyDictionary<string, string> small = Map(("internal.segment.bytes", "1000"));
        Assert.Null(TopicConfigRules.Check(small, Bare, DynamicConfigs.None).Message);
        Assert.Equal(1000, TopicConfigs.Resolve(small, Bare, DynamicConfigs.None).Segments.Bytes);
        Assert.Contains(
            ResourceConfigs.Topic.DescribeAll(small, Bare, DynamicConfigs.None),
            key => key.Name == "internal.segment.bytes" && key.Value == "1000"
        );
        Assert.DoesNotContain(
            ResourceConfigs.Topic.DescribeAll(ResourceConfigs.NoOverrides, Bare, DynamicConfigs.None),
            key => key.Name == "internal.segment.bytes"
        );
    }

    [Theory]
    [InlineData("consumer.session.timeout.ms", "50000", null)]
    [InlineData(
        "consumer.session.timeout.ms",
        "5",
        "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms"
    )]
    [InlineData(
        "consumer.session.timeout.ms",
        "99000",
        "consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms"
    )]
    [InlineData(
        "streams.num.standby.replicas",
        "3",
        "streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas"
    )]
    [InlineData(
        "consumer.session.timeout.ms",
        "x",
        "Invalid value x for configuration consumer.session.timeout.ms: Not a number of type INT"
    )]
    [InlineData(
        "share.isolation.level",
        "none",
        "Invalid value none for configuration share.isolation.level: String must be one of: read_committed, read_uncommitted"
    )]
    [InlineData("share.auto.offset.reset", "by_duration:P1D", null)]
    [InlineData(
        "share.auto.offset.reset",
        "by_duration:P1M",
        "Invalid value by_duration:P1M for configuration share.auto.offset.reset: Invalid value `by_duration:P1M` for configuration "
            + "share.auto.offset.reset. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."
    )]
    [InlineData(
        "share.auto.offset.reset",
        "by_duration:-PT1S",
        "Invalid value by_duration:-PT1S for configuration share.auto.offset.reset: Invalid value `by_duration:-PT1S` for configuration "
            + "share.auto.offset.reset. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."
    )]
    [InlineData("foo", "1", "Unknown group config name: foo")]
    public void Groups_are_rejected_in_the_words_of_Kafka(string key, string value, string? expected) =>
        Assert.Equal(
            (expected is null ? ErrorCode.None : ErrorCode.InvalidConfig, expected),
            GroupConfigRules.Check(Map((key, value)), Bare, DynamicConfigs.None)
        );

    [Fact]
    public void A_session_that_a_heartbeat_outlives_is_rejected()
    {
        BrokerConfigs narrow = new(
            Settings(("group.consumer.min.session.timeout.ms", "1000"), ("group.consumer.max.heartbeat.interval.ms", "15000"))
        );
        Assert.Equal(
            "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms",
            GroupConfigRules.Check(Map(("consumer.session.timeout.ms", "4000")), narrow, DynamicConfigs.None).Message
        );
    }

    [Theory]
    [InlineData("interval.ms", "1000", null)]
    [InlineData("interval.ms", "10", "Invalid value 10 for interval.ms, interval must be between 100 and 3600000 (1 hour)")]
    [InlineData("metrics", "", null)]
    [InlineData("foo", "1", "Unknown client metrics configuration: foo")]
    public void Client_metrics_are_rejected_in_the_words_of_Kafka(string key, string value, string? expected) =>
        Assert.Equal(expected, ClientMetricsConfigRules.Check(Map((key, value))).Message);

    [Fact]
    public void A_groups_key_is_described_with_everything_in_the_running()
    {
        DescribedConfig described = ResourceConfigs.Group.Describe(
            "consumer.session.timeout.ms",
            Map(("consumer.session.timeout.ms", "50000")),
            Bare,
            DynamicConfigs.None
        )!;
        Assert.Equal(("50000", ConfigSource.Group), (described.Value, described.Source));
        Assert.Equal(
            [
                new("consumer.session.timeout.ms", "50000", ConfigSource.Group),
                new("group.consumer.session.timeout.ms", "45000", ConfigSource.Default),
            ],
            described.Synonyms
        );
        Assert.Equal(
            [new("share.auto.offset.reset", "latest", ConfigSource.Default)],
            ResourceConfigs.Group.Describe("share.auto.offset.reset", ResourceConfigs.NoOverrides, Bare, DynamicConfigs.None)!.Synonyms
        );
    }

    [Fact]
    public void As_in_Kafka_a_default_that_comes_from_hours_has_no_synonyms()
    {
        DescribedConfig described = ResourceConfigs.Topic.Describe("retention.ms", ResourceConfigs.NoOverrides, Bare, DynamicConfigs.None)!;
        Assert.Equal("604800000", described.Value);
        Assert.Equal(ConfigSource.Default, described.Source);
        Assert.Empty(described.Synonyms);
    }

    [Fact]
    public void A_brokers_keys_are_described_as_Kafka_describes_them()
    {
        BrokerConfigs file = new(Settings(("node.id", "1"), ("ssl.keystore.password", "secret"), ("log.dirs", "/d")));
        DescribedConfig hours = file.Describe("log.retention.hours", DynamicConfigs.None)!;
        Assert.Equal(("168", ConfigSource.Default, true), (hours.Value, hours.Source, hours.IsReadOnly));
        Assert.Equal([new("log.retention.hours", "168", ConfigSource.Default)], hours.Synonyms);
        DescribedConfig ms = file.Describe("log.retention.ms", DynamicConfigs.None)!;
        Assert.Equal((null, ConfigSource.Default, false), (ms.Value, ms.Source, ms.IsReadOnly));
        Assert.Empty(ms.Synonyms);
        DescribedConfig dirs = file.Describe("log.dirs", DynamicConfigs.None)!;
        Assert.Equal(("/d", ConfigSource.StaticBroker, true), (dirs.Value, dirs.Source, dirs.IsReadOnly));
        DescribedConfig secret = file.Describe("ssl.keystore.password", DynamicConfigs.None)!;
        Assert.True(secret.Definition.IsSensitive);
        Assert.Null(secret.Value);
        Assert.Null(Assert.Single(secret.Synonyms).Value);
        Assert.Null(file.Describe("no.such.key", DynamicConfigs.None));
        Assert.Equal(ConfigDefinitions.Broker.All.Count(key => !key.IsInternal), file.DescribeAll(DynamicConfigs.None).Count);
        DynamicConfigs limited = new(Map(("follower.replication.throttled.rate", "5")), Map());
        Assert.Equal("5", file.DescribeAll(limited).Single(key => key.Name == "follower.replication.throttled.rate").Value);
        Assert.Equal(33, ResourceConfigs.Topic.DescribeAll(ResourceConfigs.NoOverrides, file, DynamicConfigs.None).Count);
    }

    private static Dictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToDictionary(pair => pair.Key, pair => pair.Value);

    private static ConfigSettings Settings(params (string Key, string Value)[] pairs)
    {
        ConfigSettings settings = new("test");
        foreach ((string key, string value) in pairs)
        {
            settings.Set(key, value, "test");
        }

        return settings;
    }
}
