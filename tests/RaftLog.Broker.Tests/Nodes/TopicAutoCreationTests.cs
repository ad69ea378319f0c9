using RaftLog.Platform;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>Topics that are created because a client asks for them.</summary>
public sealed class TopicAutoCreationTests
{
    private const string OneNode = """
        {
          "defaults": { "default.replication.factor": 3 },
          "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ]
        }
        """;

    [Fact]
    public async Task A_topic_that_cannot_be_created_is_told_of_once_with_the_way_out()
    {
        using InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneNode, network);
        await nodes.StartAsync();
        NodesInMemory.OneNode node = nodes.All[0];
        for (int i = 0; i < 3; i++)
        {
            await AskForAsync("wanted");
            await NodesInMemory.UntilAsync("a warning", () => Warnings("wanted") > 0);
        }

        await AskForAsync("other");
        await NodesInMemory.UntilAsync("a warning for the other", () => Warnings("other") > 0);
        Assert.Equal(1, Warnings("wanted"));
        lock (node.Problems)
        {
            Assert.Contains(node.Problems, line => line.Contains("default.replication.factor", StringComparison.Ordinal));
        }

        await nodes.StopAsync();

        async Task AskForAsync(string topic) =>
            await RawCall.AskAsync(
                network,
                NodesInMemory.AddressOf(node.Config),
                new MetadataRequest { Topics = [new() { Name = topic }], AllowAutoTopicCreation = true }
            );

        int Warnings(string topic)
        {
            lock (node.Problems)
            {
                return node.Problems.Count(line => line.Contains($"topic '{topic}'", StringComparison.Ordinal));
            }
        }
    }
}
