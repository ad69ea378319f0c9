using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.TestKit;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What a disk corrupts in a metadata log is neither believed nor passed on, and the others go on without that node.</summary>
public sealed class CorruptMetadataTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    private const string ThreeNodes = """
        {
          "defaults": { "log.dirs": "/a", "controller.quorum.fetch.timeout.ms": 500, "controller.quorum.election.timeout.ms": 300 },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092,CONTROLLER://b:9093" },
            { "node.id": 3, "listeners": "PLAINTEXT://c:9092,CONTROLLER://c:9093" }
          ]
        }
        """;

    // Another letter in the name of a topic: each field can still be read.
    private const string MetadataLog = "/a/__cluster_metadata-0/00000000000000000000.log";

    [Fact]
    public async Task A_node_does_not_believe_what_its_disk_has_corrupt_since_a_clean_stop()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("last") { Partitions = 1 }]);
        await nodes.StopAsync();
        node.Disk.FlipBit(MetadataLog, "orders");

        await node.StartAsync();
        await NodesInMemory.UntilAsync("the node halts", () => node.Process.HaltReason is not null);

        Assert.Contains("read of /a/__cluster_metadata-0 failed: the batch with offset", node.Process.HaltReason, StringComparison.Ordinal);
        Assert.Empty(node.Node.Image.Topics.InNameOrder);
    }

    [Fact]
    public async Task A_node_does_not_go_on_behind_a_last_batch_that_its_disk_has_corrupt_since_a_clean_stop()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        await nodes.StopAsync();
        Damages.Do(node.Disk, MetadataLog, static bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);

        NodeStartException rejected = await Assert.ThrowsAsync<NodeStartException>(() => node.StartAsync());
        Assert.Contains($"open of {MetadataLog} failed: the last batch", rejected.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leader_of_the_quorum_stops_rather_than_pass_on_what_its_disk_has_corrupt_and_another_leads()
    {
        using NodesInMemory nodes = new(ThreeNodes);
        await nodes.StartAsync();
        NodesInMemory.OneNode leader = nodes.All.Single(each => each.Config.NodeId == each.Node.QuorumLeader);
        NodesInMemory.OneNode late = nodes.All.First(each => each != leader);
        await late.Node.StopAsync(TimeSpan.Zero);
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        leader.Disk.FlipBit(MetadataLog, "orders");

        await late.StartAsync();
        await NodesInMemory.UntilAsync("the leader halts", () => leader.Process.HaltReason is not null);
        await NodesInMemory.UntilAsync("the late one knows the topic", () => late.Node.Image.Topics.TryGet("orders", out _));
        Assert.NotEqual(leader.Config.NodeId, late.Node.QuorumLeader);
        Assert.Contains("is not what was written", leader.Process.HaltReason, StringComparison.Ordinal);
        foreach (NodesInMemory.OneNode other in nodes.All.Where(each => each != leader))
        {
            await other.Node.StopAsync(TimeSpan.Zero);
        }
    }
}
