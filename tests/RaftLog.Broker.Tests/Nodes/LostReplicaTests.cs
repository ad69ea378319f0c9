using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// The only replica of a partition, whose directory somebody has removed: it does not lead with an empty log, and says what to do.
/// </summary>
public sealed class LostReplicaTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    private const string ApartFromMetadata =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a", "metadata.log.dir": "/m" } ] }""";

    private static readonly TopicPartition Orders = new("orders", 0);

    [Fact]
    public async Task A_partition_whose_directory_is_gone_waits_for_its_files_and_leads_when_they_are_back()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await LoseAsync(nodes);
        Assert.Null(node.Node.Partitions!.Find(Orders));

        // Not only at the first start after it.
        await node.Node.StopAsync(TimeSpan.Zero);
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLostAsync(nodes);

        await node.Node.StopAsync(TimeSpan.Zero);
        node.Disk.Rename("/aside", "/a/orders-0");
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLeaderAsync(nodes, new NodeId(1));
        Assert.Equal(new Offset(1), node.Node.Partitions!.Find(Orders)!.Log.EndOffset);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_partition_whose_directory_is_gone_begins_empty_when_an_unclean_election_gives_its_records_up()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await LoseAsync(nodes);
        ItemResult<TopicPartition> elected = Assert.Single(await nodes.Client.Admin.ElectLeadersAsync([Orders], unclean: true));
        Assert.Equal(ErrorCode.None, elected.Error);
        await ExpectLeaderAsync(nodes, new NodeId(1));
        await using Producer producer = nodes.Client.CreateProducer();
        Assert.Equal(Offset.Zero, (await producer.ProduceAsync("orders", Record())).Offset);

        // It is a replica like any other from then on.
        await node.Node.StopAsync(TimeSpan.Zero);
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLeaderAsync(nodes, new NodeId(1));
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_log_that_a_repair_has_truncated_leads_only_when_an_unclean_election_gives_up_what_it_lacks()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("orders", Record());
        await node.Node.StopAsync(TimeSpan.Zero);
        node.Disk.OpenOrCreate("/a/orders-0/raftlog-lost").Dispose();
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLostAsync(nodes);

        Assert.Single(await nodes.Client.Admin.ElectLeadersAsync([Orders], unclean: true));
        await ExpectLeaderAsync(nodes, new NodeId(1));
        Assert.Equal(new Offset(1), (await producer.ProduceAsync("orders", Record())).Offset);
        Assert.False(node.Disk.FileExists("/a/orders-0/raftlog-lost"));
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_partition_that_was_deleted_and_made_anew_is_not_taken_for_lost()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
            await using Producer producer = nodes.Client.CreateProducer();
            await producer.ProduceAsync("orders", Record());
            await nodes.Client.Admin.DeleteTopicsAsync(["orders"]);
            await node.Node.StopAsync(TimeSpan.Zero);
            await node.StartAsync();
            await node.Node.Ready;
        }

        Assert.False(node.Says("is lost"));
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_partition_whose_log_directory_was_emptied_checkpoints_and_all_is_lost()
    {
        using NodesInMemory nodes = new(ApartFromMetadata);
        NodesInMemory.OneNode node = nodes.All[0];
        await ProduceOneAsync(nodes);
        await node.Node.StopAsync(TimeSpan.Zero);
        node.Disk.DeleteDirectory("/a/orders-0");
        foreach (string name in node.Disk.ListFiles("/a").Where(static name => name != "meta.properties"))
        {
            node.Disk.DeleteFile($"/a/{name}");
        }

        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLostAsync(nodes);

        // What comes later is new, in the same directory.
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("later") { Partitions = 1 }]);
        await using Producer producer = nodes.Client.CreateProducer();
        Assert.Equal(Offset.Zero, (await producer.ProduceAsync("later", Record())).Offset);
        await nodes.StopAsync();
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_partition_whose_log_directory_is_removed_under_the_running_node_is_lost()
    {
        using NodesInMemory nodes = new(ApartFromMetadata);
        NodesInMemory.OneNode node = nodes.All[0];
        await ProduceOneAsync(nodes);
        node.Disk.DeleteDirectory("/a");
        await NodesInMemory.UntilAsync("the node says that the directory is gone", () => node.Says("log directory /a is offline"));
        await NodesInMemory.UntilAsync("the node stops", () => node.Process.HaltReason is not null);
        await node.Node.StopAsync(TimeSpan.Zero);

        // It is formatted again, as an operator would.
        await node.FormatAsync();
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLostAsync(nodes);
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_node_that_dies_before_its_first_log_is_made_begins_it_empty()
    {
        using NodesInMemory nodes = new(ApartFromMetadata);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        node.Disk.Fault = static (asked, path) =>
            asked == "create directory" && path.StartsWith("/a/orders", StringComparison.Ordinal) ? Platform.DiskErrorKind.NoSpace : null;
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        await node.Node.StopAsync(TimeSpan.Zero);
        node.Disk.Fault = null;
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLeaderAsync(nodes, new NodeId(1));
        Assert.False(node.Says("is lost"));
        await nodes.StopAsync();
    }

    private static async Task ProduceOneAsync(NodesInMemory nodes)
    {
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("orders", Record());
    }

    private static async Task LoseAsync(NodesInMemory nodes)
    {
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders") { Partitions = 1 }]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("orders", Record());
        await node.Node.StopAsync(TimeSpan.Zero);
        node.Disk.Rename("/a/orders-0", "/aside");
        await node.StartAsync();
        await node.Node.Ready;
        await ExpectLostAsync(nodes);
        Assert.True(
            node.Says("orders-0 was in sync here, and its log is gone from /a, or a repair has truncated it: this replica is lost")
        );
    }

    private static Task ExpectLeaderAsync(NodesInMemory nodes, NodeId leader) =>
        NodesInMemory.UntilAsync(
            $"node {leader} leads",
            () => nodes.All[0].Node.Image.Topics.TryGet("orders", out TopicImage? topic) && topic.Partitions[0].Leader == leader
        );

    // A stop has taken the leadership away before, so the leader alone shows nothing.
    private static Task ExpectLostAsync(NodesInMemory nodes) =>
        NodesInMemory.UntilAsync(
            "the controller knows that it is lost",
            () =>
                nodes.All[0].Node.Image.Topics.TryGet("orders", out TopicImage? topic)
                && topic.Partitions[0] is var now
                && now.Leader == NodeId.None
                && now.DirectoryOf(new NodeId(1)) == ReservedDirectories.Lost
        );

    private static ProducerRecord Record() => new(null, Encoding.UTF8.GetBytes("a record")) { Partition = 0 };
}
