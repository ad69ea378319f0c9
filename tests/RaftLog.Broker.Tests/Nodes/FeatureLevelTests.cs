using RaftLog.Broker.Formatting;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>Feature levels of a cluster that has some that are not built here, as Apache Kafka's new clusters have.</summary>
public sealed class FeatureLevelTests
{
    private const string OneNode = """
        {
          "defaults": { "log.dirs": "/data" },
          "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" } ]
        }
        """;

    private static readonly NetworkAddress Broker = new("a", 9092);
    private static readonly NetworkAddress Controller = new("a", 9093);

    [Fact]
    public async Task A_broker_is_not_let_in_until_what_it_cannot_do_is_lowered_and_says_so()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneNode, network);
        NodesInMemory.OneNode node = nodes.All[0];
        await node.FormatAsync(new Dictionary<string, short>(StorageFormatter.DefaultFeatures) { ["share.version"] = 1 });
        await node.StartAsync();
        await NodesInMemory.UntilAsync("the rejection", () => node.Says("the others to 0 first"));
        Assert.True(node.Says("transaction.version 0 to 2"));
        Assert.False(node.Node.Ready.IsCompleted);

        UpdateFeaturesResponse response = await RawCall.AskAsync(
            network,
            Controller,
            new UpdateFeaturesRequest { TimeoutMs = 10_000, FeatureUpdates = [new() { Feature = "share.version", UpgradeType = 2 }] }
        );

        Assert.Equal(ErrorCode.None, response.ErrorCode);
        await node.Node.Ready;
        await nodes.StopAsync();
    }

    [Fact]
    public async Task Clients_are_told_of_what_is_built_and_can_raise_nothing_else()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneNode, network);
        await nodes.StartAsync();
        foreach (NetworkAddress listener in (NetworkAddress[])[Broker, Controller])
        {
            ApiVersionsResponse told = await RawCall.AskAsync(
                network,
                listener,
                new ApiVersionsRequest { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }
            );
            Assert.Equal(
                ["group.version", "kraft.version", "metadata.version", "transaction.version"],
                told.SupportedFeatures.Select(each => each.Name)
            );
        }

        foreach (string feature in (string[])["share.version", "streams.version", "eligible.leader.replicas.version", "kraft.version"])
        {
            UpdateFeaturesRequest raise = new()
            {
                TimeoutMs = 10_000,
                FeatureUpdates =
                [
                    new()
                    {
                        Feature = feature,
                        MaxVersionLevel = 1,
                        UpgradeType = 1,
                    },
                ],
            };
            UpdateFeaturesResponse response = await RawCall.AskAsync(network, Broker, raise);
            Assert.Equal(ErrorCode.InvalidUpdateVersion, response.ErrorCode);
            Assert.Contains(feature, response.ErrorMessage, StringComparison.Ordinal);
        }

        await nodes.StopAsync();
    }
}
