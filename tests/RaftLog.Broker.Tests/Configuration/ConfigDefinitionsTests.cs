using System.Text.Json;
using RaftLog.Broker.Configuration;

namespace RaftLog.Broker.Tests.Configuration;

public class ConfigDefinitionsTests
{
    /// <summary>Where RaftLog's default differs from Kafka's on purpose.</summary>
    private static readonly Dictionary<string, string?> OwnDefaults = new()
    {
        ["log.flush.interval.messages"] = "1",
        ["socket.receive.buffer.bytes"] = "-1",
        ["socket.send.buffer.bytes"] = "-1",
        ["log.dir"] = null,
        ["flush.messages"] = "1",
    };

    [Fact]
    public void Every_key_of_Kafkas_brokers_is_known_with_its_type_default_and_dynamics()
    {
        List<JsonElement> golden = RepositoryFiles.Golden("config-broker.jsonl.gz");
        Assert.Equal(340, golden.Count);
        foreach (JsonElement line in golden)
        {
            ConfigDefinition definition = AssertSame(line, ConfigDefinitions.Broker);
            Assert.Equal(line.GetProperty("dynamic").GetBoolean(), definition.IsDynamic);
            Assert.Equal(!line.TryGetProperty("default", out _), definition.IsRequired);
        }

        string[] own = [.. ConfigDefinitions.Broker.All.Where(key => !key.IsInternal).Select(key => key.Name).Except(golden.Select(Name))];
        Assert.Equal(
            [
                "raftlog.connection.stall.timeout.ms",
                "raftlog.decompression.buffer.bytes",
                "raftlog.fencing.probe.enable",
                "raftlog.produce.batch.validation",
                "raftlog.replication.buffer.bytes",
            ],
            own
        );
        Assert.Equal(
            [
                "follower.replication.throttled.rate",
                "leader.replication.throttled.rate",
                "max.decompressed.message.bytes",
                "producer.id.expiration.check.interval.ms",
                "replica.alter.log.dirs.io.max.bytes.per.second",
            ],
            ConfigDefinitions.Broker.All.Where(key => key.IsInternal).Select(key => key.Name)
        );
    }

    [Fact]
    public void Every_key_of_Kafkas_topics_is_known_with_its_broker_keys()
    {
        List<JsonElement> golden = RepositoryFiles.Golden("config-topic.jsonl.gz");
        foreach (JsonElement line in golden)
        {
            AssertSame(line, ConfigDefinitions.Topic);
        }

        Assert.Equal(golden.Select(Name), ConfigDefinitions.Topic.All.Where(key => !key.IsInternal).Select(key => key.Name));
        Assert.Equal(
            ["internal.segment.bytes", "max.decompressed.message.bytes"],
            ConfigDefinitions.Topic.All.Where(key => key.IsInternal).Select(key => key.Name)
        );
        Dictionary<string, string[]> synonyms = RepositoryFiles
            .Golden("config-topic-to-broker.jsonl.gz")
            .ToDictionary(
                line => line.GetProperty("topic").GetString()!,
                line => line.GetProperty("broker").EnumerateArray().Select(name => name.GetString()!).ToArray()
            );
        foreach (ConfigDefinition key in ConfigDefinitions.Topic.All.Where(key => !key.IsInternal))
        {
            Assert.Equal(synonyms.GetValueOrDefault(key.Name, []), key.BrokerKeys);
        }
    }

    [Fact]
    public void Every_key_of_Kafkas_groups_is_known_and_takes_its_default_from_a_node_of_its_own_name()
    {
        List<JsonElement> golden = RepositoryFiles.Golden("config-group.jsonl.gz");
        foreach (JsonElement line in golden)
        {
            ConfigDefinition definition = AssertSame(line, ConfigDefinitions.Group);
            string inNode = $"group.{definition.Name}";
            Assert.Equal(ConfigDefinitions.Broker.TryGet(inNode, out _) ? [inNode] : [], definition.BrokerKeys);
        }

        Assert.Equal(golden.Select(Name), ConfigDefinitions.Group.All.Select(key => key.Name));
    }

    [Fact]
    public void Keys_stand_in_ordinal_order_and_implemented_ones_say_what_they_do()
    {
        foreach (
            ConfigDefinitions table in (ConfigDefinitions[])
                [ConfigDefinitions.Broker, ConfigDefinitions.Topic, ConfigDefinitions.Group, ConfigDefinitions.ClientMetrics]
        )
        {
            Assert.Equal(table.All.Select(key => key.Name).Order(StringComparer.Ordinal), table.All.Select(key => key.Name));
            foreach (ConfigDefinition key in table.All)
            {
                Assert.Equal(key.Support == ConfigSupport.WithoutEffect, key.Description.Length == 0);
                Assert.True(key.Default is null || key.Check(key.Default) is null, key.Name);
            }
        }
    }

    [Fact]
    public void A_key_is_marked_as_implemented_exactly_when_a_node_reads_it()
    {
        List<ConfigProblem> problems = [];
        ConfigSettings settings = new("test");
        settings.Set("node.id", "1", "test");
        settings.Set("process.roles", "broker,controller", "test");
        settings.Set("controller.listener.names", "CONTROLLER", "test");
        settings.Set("listeners", "PLAINTEXT://a:1,CONTROLLER://a:2", "test");
        settings.Set("controller.quorum.voters", "1@a:2", "test");
        SettingsReader reader = new(settings, problems);
        NodeConfigurationReader.Read(reader, null, []);
        Assert.Empty(problems);
        Assert.Equal(
            ConfigDefinitions.Broker.All.Where(key => key.Support == ConfigSupport.Implemented && !key.IsInternal).Select(key => key.Name),
            reader.KeysRead.Where(key => !ConfigDefinitions.Broker[key].IsInternal).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1")]
    [InlineData(
        "retention.ms",
        "99999999999999999999",
        "Invalid value 99999999999999999999 for configuration retention.ms: Not a number of type LONG"
    )]
    [InlineData("retention.ms", "", "Invalid value  for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", "0x10", "Invalid value 0x10 for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", " 5 ", null)]
    [InlineData("retention.ms", "+5", null)]
    [InlineData("retention.bytes", "-5", null)]
    [InlineData("segment.bytes", "1", "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576")]
    [InlineData("segment.bytes", "99999999999", "Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT")]
    [InlineData("preallocate", "yes", "Invalid value yes for configuration preallocate: Expected value to be either true or false")]
    [InlineData("preallocate", "TRUE", null)]
    [InlineData(
        "min.cleanable.dirty.ratio",
        "x",
        "Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE"
    )]
    [InlineData(
        "min.cleanable.dirty.ratio",
        "2",
        "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1"
    )]
    [InlineData(
        "min.cleanable.dirty.ratio",
        "-1",
        "Invalid value -1.0 for configuration min.cleanable.dirty.ratio: Value must be at least 0"
    )]
    [InlineData("min.cleanable.dirty.ratio", "1e-1", null)]
    [InlineData(
        "message.timestamp.type",
        "foo",
        "Invalid value foo for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime"
    )]
    [InlineData(
        "cleanup.policy",
        "compact,foo",
        "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete"
    )]
    [InlineData(
        "cleanup.policy",
        "DELETE",
        "Invalid value DELETE for configuration cleanup.policy: String must be one of: compact, delete"
    )]
    [InlineData("cleanup.policy", "", null)]
    [InlineData("cleanup.policy", "compact, delete", null)]
    [InlineData(
        "compression.type",
        "foo",
        "Invalid value foo for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer"
    )]
    [InlineData(
        "compression.gzip.level",
        "10",
        "Invalid value 10 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1"
    )]
    [InlineData(
        "compression.gzip.level",
        "0",
        "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1"
    )]
    [InlineData("compression.gzip.level", "-1", null)]
    [InlineData("compression.lz4.level", "18", "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17")]
    [InlineData("compression.zstd.level", "23", "Invalid value 23 for configuration compression.zstd.level: Value must be no more than 22")]
    [InlineData(
        "leader.replication.throttled.replicas",
        "0:1,1",
        "Invalid value [0:1, 1] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be "
            + "the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    )]
    [InlineData("leader.replication.throttled.replicas", "*", null)]
    [InlineData("leader.replication.throttled.replicas", "0:1,1:2", null)]
    public void Values_are_rejected_in_the_words_of_Kafka(string key, string value, string? expected) =>
        Assert.Equal(expected, ConfigDefinitions.Topic[key].Check(value)?.ForKey(key));

    [Fact]
    public void Choices_that_ignore_case_say_so()
    {
        ConfigDefinition key = ConfigDefinitions.Broker["group.consumer.migration.policy"];
        Assert.Null(key.Check("Upgrade"));
        Assert.Equal("String must be one of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL", key.Check("x")?.Reason);
        Assert.Equal("String must be non-empty", ConfigDefinitions.Broker["remote.log.storage.manager.class.name"].Check("")?.Reason);
    }

    private static ConfigDefinition AssertSame(JsonElement line, ConfigDefinitions table)
    {
        Assert.True(table.TryGet(Name(line), out ConfigDefinition? definition), Name(line));
        Assert.Equal(line.GetProperty("type").GetString(), definition.Type.ToString().ToLowerInvariant());
        string? kafkas = line.TryGetProperty("default", out JsonElement value) ? value.GetString() : null;
        Assert.Equal(OwnDefaults.TryGetValue(Name(line), out string? own) ? own : kafkas, definition.Default);
        AssertSameRange(line, definition);
        return definition;
    }

    private static void AssertSameRange(JsonElement line, ConfigDefinition definition)
    {
        string valid = line.TryGetProperty("valid", out JsonElement text) ? text.GetString() ?? "" : "";
        if (valid.StartsWith('[') && valid.Contains(",..."))
        {
            string least = valid[1..valid.IndexOf(',')];
            if (long.TryParse(least, out long lowest))
            {
                Assert.NotNull(definition.Range.Reject(lowest - 1));
                Assert.Null(definition.Range.Reject(lowest));
            }
        }
        else if (valid.StartsWith('[') && definition.Type is ConfigType.String or ConfigType.List && valid.StartsWith('['))
        {
            foreach (string choice in valid[1..^1].Split(", "))
            {
                Assert.Null(definition.Check(choice.Replace("PnDTnHnMn.nS", "P1DT2H3M4.5S", StringComparison.Ordinal)));
            }

            Assert.NotNull(definition.Check("never"));
        }
    }

    private static string Name(JsonElement line) => line.GetProperty("name").GetString()!;
}
