using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>A connection that is reset is no evidence that a node has died.</summary>
public sealed class ResetConnectionsTests
{
    private const string ThreeNodes = """
        {
          "defaults": { "default.replication.factor": 3, "min.insync.replicas": 2, "log.dirs": "/data" },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092,CONTROLLER://b:9093" },
            { "node.id": 3, "listeners": "PLAINTEXT://c:9092,CONTROLLER://c:9093" }
          ]
        }
        """;

    [Fact]
    public async Task Connections_that_are_reset_between_nodes_fence_nobody_and_elect_nobody()
    {
        ResettableNetwork network = new(new InMemoryNetwork(TimeProvider.System));
        using NodesInMemory nodes = new(ThreeNodes, network);
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t", 6)]);
        await NodesInMemory.UntilAsync(
            "all in sync everywhere",
            () =>
                nodes.All.All(node =>
                    node.Node.Image.Topics.TryGet("t", out TopicImage? topic)
                    && topic.Partitions.Values.All(each => each.Isr.Count == 3)
                    && node.Node.Image.Brokers.Values.All(broker => broker.IsActive)
                )
        );
        await using Producer producer = nodes.Client.CreateProducer();
        await WriteAsync(producer);
        string before = Epochs(nodes);

        // One after the other, then all at once, several times: every request under way ends, every node probes, and every probe is
        // answered.
        int open = network.Open;
        for (int one = 0; one < open; one++)
        {
            network.Reset(one);
            await WriteAsync(producer);
        }

        for (int round = 0; round < 5; round++)
        {
            network.ResetAll();
            await WriteAsync(producer);
        }

        Assert.Equal(before, Epochs(nodes));
        Assert.All(nodes.All, node => Assert.Null(node.Process.HaltReason));
        await nodes.StopAsync();
    }

    /// <summary>A record on each partition, which every node of its in-sync set has fetched.</summary>
    private static async Task WriteAsync(Producer producer)
    {
        for (int partition = 0; partition < 6; partition++)
        {
            await producer.ProduceAsync("t", new ProducerRecord(null, Encoding.UTF8.GetBytes("x")) { Partition = partition });
        }
    }

    private static string Epochs(NodesInMemory nodes)
    {
        MetadataImage image = nodes.All[0].Node.Image;
        Assert.True(image.Topics.TryGet("t", out TopicImage? topic));
        IEnumerable<string> partitions = topic.Partitions.Select(each =>
            $"{each.Key}: leader {each.Value.Leader} epoch {each.Value.LeaderEpoch} in sync {each.Value.Isr.Count}"
        );
        IEnumerable<string> brokers = image.Brokers.Values.Select(each => $"broker {each.Id} epoch {each.Epoch} fenced {each.Fenced}");
        return string.Join('\n', [$"quorum epoch {image.Provenance.LastEpoch}", .. partitions, .. brokers]);
    }
}
