using RaftLog.Client.Admin;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>A stop in order.</summary>
public sealed class ControlledShutdownTests
{
    // Far longer than a stop may take: whoever waits for a heartbeat at its usual time waits too long.
    private const string ThreeNodes = """
        {
          "defaults": {
            "default.replication.factor": 3, "min.insync.replicas": 2, "log.dirs": "/data",
            "broker.heartbeat.interval.ms": 60000, "broker.session.timeout.ms": 180000
          },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092,CONTROLLER://b:9093" },
            { "node.id": 3, "listeners": "PLAINTEXT://c:9092,CONTROLLER://c:9093" }
          ]
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_broker_that_leaves_may_stop_once_others_lead_and_know_it_without_a_usual_heartbeat()
    {
        using NodesInMemory nodes = new(ThreeNodes);
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t", 6)]);
        await NodesInMemory.UntilAsync("all in sync everywhere", () => nodes.All.All(node => AreLed(node.Node.Image, inSync: 3)));

        foreach (NodesInMemory.OneNode leaver in nodes.All.Take(2))
        {
            await leaver.Node.StopAsync(Patience);

            Assert.Empty(leaver.Problems);
            foreach (NodesInMemory.OneNode other in nodes.All.Where(each => each != leaver && each.Node.State == NodeState.Running))
            {
                NodeId left = leaver.Config.NodeId;
                await NodesInMemory.UntilAsync("the grant is known", () => other.Node.Image.Brokers[left].Fenced);
                Assert.True(AreLed(other.Node.Image, inSync: 1));
                Assert.DoesNotContain(
                    other.Node.Image.Topics.ById.Values.SelectMany(topic => topic.Partitions.Values),
                    each => each.Leader == left
                );
            }

            await leaver.StartAsync();
            await leaver.Node.Ready;
            await NodesInMemory.UntilAsync("all in sync again", () => nodes.All.All(node => AreLed(node.Node.Image, inSync: 3)));
        }

        await nodes.StopAsync();
    }

    private static bool AreLed(MetadataImage image, int inSync) =>
        image.Topics.TryGet("t", out TopicImage? topic)
        && topic.Partitions.Count == 6
        && topic.Partitions.Values.All(each => each.Leader.IsNode && each.Isr.Count >= inSync);
}
