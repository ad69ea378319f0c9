using RaftLog.Client;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What a broker forwards to the controller for a client, when the controller's response is lost on the way.</summary>
public sealed class ForwardedChangeTests
{
    private const int ControllerPort = 9093;

    // Nothing but what the test asks goes over the broker's connection to the controller.
    private const string ControllerAndBroker = """
        {
          "defaults": { "log.dirs": "/data", "broker.heartbeat.interval.ms": 60000, "broker.session.timeout.ms": 180000 },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "process.roles": "broker", "listeners": "PLAINTEXT://b:9092" }
          ]
        }
        """;

    private static readonly NetworkAddress Broker = new("b", 9092);

    [Fact]
    public async Task A_change_whose_response_was_lost_is_not_made_again()
    {
        ResponseLosingNetwork network = new(new InMemoryNetwork(TimeProvider.System), ApiKey.CreateTopics) { Port = ControllerPort };
        using NodesInMemory nodes = new(ControllerAndBroker, network);
        await nodes.StartAsync();
        CreateTopicsRequest request = NewTopic();

        network.LoseNext();
        CreateTopicsResponse unknown = await RawCall.AskAsync(network, Broker, request);

        // A second copy would have been told that the topic exists, or have made it anew had somebody deleted it meanwhile.
        Assert.Equal((1, 1), (network.Lost, network.Sent));
        Assert.Equal(ErrorCode.RequestTimedOut, unknown.Topics[0].ErrorCode);
        await NodesInMemory.UntilAsync("the one copy was carried out", () => nodes.All[1].Node.Image.Topics.TryGet("t", out _));
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await RawCall.AskAsync(network, Broker, request)).Topics[0].ErrorCode);
        await nodes.StopAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task What_an_old_client_asks_for_reaches_the_controller_in_the_newest_version(short version)
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(ControllerAndBroker, network);
        await nodes.StartAsync();
        Assert.Equal(ErrorCode.None, (await RawCall.AskAsync(network, Broker, NewTopic())).Topics[0].ErrorCode);

        DeleteTopicsResponse deleted = await RawCall.AskAsync(
            network,
            Broker,
            new DeleteTopicsRequest
            {
                Topics = [new() { Name = "t" }],
                TopicNames = ["t"],
                TimeoutMs = 30_000,
            },
            version
        );

        Assert.Equal(("t", ErrorCode.None), (Assert.Single(deleted.Responses).Name, deleted.Responses[0].ErrorCode));
        await NodesInMemory.UntilAsync("the topic is gone", () => !nodes.All[1].Node.Image.Topics.TryGet("t", out _));

        UpdateFeaturesRequest downgrade = new()
        {
            TimeoutMs = 30_000,
            FeatureUpdates =
            [
                new()
                {
                    Feature = "group.version",
                    AllowDowngrade = true,
                    UpgradeType = 2,
                },
            ],
        };
        UpdateFeaturesResponse lowered = await RawCall.AskAsync(network, Broker, downgrade, highestVersion: (short)(version == 1 ? 0 : 2));
        Assert.Equal(version == 1 ? ErrorCode.InvalidUpdateVersion : ErrorCode.None, lowered.ErrorCode);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task What_only_a_broker_may_set_comes_to_the_controller_as_forwarded()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(ControllerAndBroker, network);
        await nodes.StartAsync();
        IncrementalAlterConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = (sbyte)ConfigResourceType.Broker,
                    ResourceName = "2",
                    Configs = [new() { Name = "cordoned.log.dirs", Value = "/data" }],
                },
            ],
        };
        IncrementalAlterConfigsResponse direct = await RawCall.AskAsync(network, new NetworkAddress("a", ControllerPort), request);
        Assert.Equal(ErrorCode.InvalidConfig, direct.Responses[0].ErrorCode);
        IncrementalAlterConfigsResponse forwarded = await RawCall.AskAsync(network, Broker, request);
        Assert.Equal(ErrorCode.None, forwarded.Responses[0].ErrorCode);
        direct = await RawCall.AskAsync(network, new NetworkAddress("a", ControllerPort), request);
        Assert.Equal(ErrorCode.None, direct.Responses[0].ErrorCode);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_question_whose_response_was_lost_is_asked_again()
    {
        ResponseLosingNetwork network = new(new InMemoryNetwork(TimeProvider.System), ApiKey.ListPartitionReassignments)
        {
            Port = ControllerPort,
        };
        using NodesInMemory nodes = new(ControllerAndBroker, network);
        await nodes.StartAsync();

        network.LoseNext();
        ListPartitionReassignmentsResponse response = await RawCall.AskAsync(
            network,
            Broker,
            new ListPartitionReassignmentsRequest { TimeoutMs = 30_000, Topics = null }
        );

        Assert.Equal((1, 2), (network.Lost, network.Sent));
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        await nodes.StopAsync();
    }

    private static CreateTopicsRequest NewTopic() =>
        new()
        {
            Topics =
            [
                new()
                {
                    Name = "t",
                    NumPartitions = 1,
                    ReplicationFactor = 1,
                },
            ],
            TimeoutMs = 30_000,
        };
}
