using System.Collections.Immutable;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>Topics that the cluster makes for itself when somebody looks for a coordinator.</summary>
public sealed class InternalTopicTests
{
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;
    private static readonly NetworkAddress Broker = new("a", 9092);

    [Fact]
    public async Task One_node_makes_them_with_one_replica_and_no_key_set()
    {
        const string OneNode =
            """{ "nodes": [ { "node.id": 1, "log.dirs": "/data", "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" } ] }""";
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneNode, network);
        await nodes.StartAsync();

        Assert.Equal(new NodeId(1), await FindAsync(network, Group));
        Assert.Equal(new NodeId(1), await FindAsync(network, Transaction));
        MetadataImage image = nodes.All[0].Node.Image;
        AssertMade(
            image,
            "__consumer_offsets",
            ("cleanup.policy", "compact"),
            ("compression.type", "producer"),
            ("segment.bytes", "104857600")
        );
        AssertMade(
            image,
            "__transaction_state",
            ("cleanup.policy", "compact"),
            ("compression.type", "uncompressed"),
            ("min.insync.replicas", "1"),
            ("segment.bytes", "104857600"),
            ("unclean.leader.election.enable", "false")
        );
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_factor_that_cannot_be_met_is_said_once_with_the_factor_and_the_brokers()
    {
        const string TooMany = """
            {
              "nodes": [
                { "node.id": 1, "log.dirs": "/data", "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "offsets.topic.replication.factor": 3 }
              ]
            }
            """;
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(TooMany, network);
        await nodes.StartAsync();

        FindCoordinatorResponse response = await AskAsync(network, Group);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, response.Coordinators[0].ErrorCode);
        await NodesInMemory.UntilAsync("the rejection is told", () => OnApplied(nodes).Length > 0);
        await AskAsync(network, Group);
        string told = Assert.Single(OnApplied(nodes));
        Assert.Contains("offsets.topic.replication.factor is 3, and 1 brokers are alive", told, StringComparison.Ordinal);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task They_are_made_whatever_clients_may_create()
    {
        const string NoTopics = """
            {
              "nodes": [
                { "node.id": 1, "log.dirs": "/data", "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "auto.create.topics.enable": false,
                  "offsets.topic.num.partitions": 3 }
              ]
            }
            """;
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(NoTopics, network);
        await nodes.StartAsync();

        await FindAsync(network, Group);
        Assert.True(nodes.All[0].Node.Image.Topics.TryGet("__consumer_offsets", out TopicImage? topic));
        Assert.Equal(3, topic.Partitions.Count);
        await nodes.StopAsync();
    }

    private static string[] OnApplied(NodesInMemory nodes)
    {
        lock (nodes.All[0].Problems)
        {
            return [.. nodes.All[0].Problems.Where(line => line.Contains("__consumer_offsets", StringComparison.Ordinal))];
        }
    }

    private static void AssertMade(MetadataImage image, string name, params (string Key, string Value)[] configs)
    {
        Assert.True(image.Topics.TryGet(name, out TopicImage? topic));
        Assert.Equal(50, topic.Partitions.Count);
        Assert.All(topic.Partitions.Values, partition => Assert.Single(partition.Replicas));
        ImmutableSortedDictionary<string, string> set = image.ConfigOf(ConfigResource.Topic(name));
        Assert.Equal(configs, set.Select(each => (each.Key, each.Value)));
    }

    private static async Task<NodeId> FindAsync(INetwork network, sbyte type)
    {
        FindCoordinatorResponse response = await AskAsync(network, type);
        while (response.Coordinators[0].ErrorCode == ErrorCode.CoordinatorNotAvailable)
        {
            response = await AskAsync(network, type);
        }

        Assert.Equal(("a", 9092), (response.Coordinators[0].Host, response.Coordinators[0].Port));
        return response.Coordinators[0].NodeId;
    }

    private static Task<FindCoordinatorResponse> AskAsync(INetwork network, sbyte type) =>
        RawCall.AskAsync(network, Broker, new FindCoordinatorRequest { KeyType = type, CoordinatorKeys = ["key"] });
}
