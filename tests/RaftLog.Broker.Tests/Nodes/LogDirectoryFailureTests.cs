using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What a node and its cluster make of a log directory that fails, at the start and later.</summary>
public sealed class LogDirectoryFailureTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    private const string TwoNodes = """
        {
          "defaults": { "default.replication.factor": 2, "min.insync.replicas": 1, "metadata.log.dir": "/meta" },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a,/b" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092", "process.roles": "broker", "log.dirs": "/a,/b" }
          ]
        }
        """;

    [Theory]
    [InlineData("flush", DiskErrorKind.Io, "mend or replace")]
    [InlineData("open", DiskErrorKind.NotPermitted, "read and write")]
    [InlineData("list", DiskErrorKind.NoSpace, "make room")]
    [InlineData("read", DiskErrorKind.NotFound, "mounted")]
    public async Task A_disk_that_fails_in_recovery_is_told_with_directory_file_and_way_out(
        string operation,
        DiskErrorKind kind,
        string wayOut
    )
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 1 }]);
        Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("t", Record("kept"));
        await producer.DisposeAsync();

        // The node is gone without a clean stop: its directory recovers. The lock of the dead process is gone with it.
        await node.Node.StopAsync(TimeSpan.Zero);
        node.Disk.DeleteFile("/a/.kafka_cleanshutdown");
        node.Disk.Fault = (asked, path) => asked == operation && path.StartsWith("/a/t-0", StringComparison.Ordinal) ? kind : null;
        NodeStartException rejection = await Assert.ThrowsAsync<NodeStartException>(node.StartAsync);
        Assert.Contains("log directory /a:", rejection.Message, StringComparison.Ordinal);
        Assert.Contains($"{operation} of /a/t-0", rejection.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, rejection.Message, StringComparison.Ordinal);
        Assert.Null(node.Process.HaltReason);

        // With the disk mended the same directory starts, and nothing is lost.
        node.Disk.Fault = null;
        await node.StartAsync();
        await node.Node.Ready;
        await using Producer again = nodes.Client.CreateProducer();
        Assert.Equal(1, (await again.ProduceAsync("t", Record("more"))).Offset.Value);
        await nodes.StopAsync();
    }

    [Theory]
    [InlineData("/a/__cluster_metadata-0")]
    [InlineData("/a")]
    public async Task A_failing_disk_under_the_metadata_log_keeps_the_node_from_starting(string place)
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.StopAsync();
        node.Disk.DeleteFile("/a/.kafka_cleanshutdown");
        node.Disk.Fault = (asked, path) => asked == "flush" && path.StartsWith(place, StringComparison.Ordinal) ? DiskErrorKind.Io : null;
        NodeStartException rejection = await Assert.ThrowsAsync<NodeStartException>(node.StartAsync);
        Assert.Contains($"node 1 cannot start from log directory /a: flush of {place}", rejection.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_tells_of_a_failed_directory_and_the_controller_moves_its_leaders_away()
    {
        using NodesInMemory nodes = new(TwoNodes);
        await nodes.StartAsync();
        Node controller = nodes.All[0].Node;
        IReadOnlyList<IReadOnlyList<NodeId>> assignments = [.. Enumerable.Range(0, 8).Select(index => Pair(1 + (index / 2 % 2)))];
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Assignments = assignments }]);
        TopicImage Topic() => controller.Image.Topics.InNameOrder.Single();
        BrokerRegistration Broker(int id) => controller.Image.Brokers[new NodeId(id)];

        // Both brokers tell where they put their replicas: a broker with two directories chooses.
        await NodesInMemory.UntilAsync(
            "every replica's directory is known",
            () =>
                controller.Image.Topics.TryGet("t", out TopicImage? topic)
                && topic.Partitions.Values.All(each =>
                    each.Isr.Count == 2
                    && each.Replicas.All(replica => Broker(replica.Value).Directories.Contains(each.DirectoryOf(replica)))
                )
        );
        await using Producer producer = nodes.Client.CreateProducer();
        for (int partition = 0; partition < 8; partition++)
        {
            await producer.ProduceAsync("t", Record("before") with { Partition = partition });
        }

        NodesInMemory.OneNode failing = nodes.All[1];
        NodeId failed = failing.Config.NodeId;
        Uuid good = Broker(failed.Value)
            .Directories.Single(each => DirectoryId(failing.Disk, "/a").Equals(each.ToString(), StringComparison.Ordinal));
        int[] hit = [.. Topic().Partitions.Where(each => each.Value.DirectoryOf(failed) != good).Select(each => each.Key)];
        int[] led = [.. hit.Where(each => Topic().Partitions[each].Leader == failed)];
        Assert.NotEmpty(led);
        Assert.NotEqual(8, hit.Length);
        failing.Disk.Fault = (asked, path) =>
            asked == "flush" && path.StartsWith("/b/", StringComparison.Ordinal) ? DiskErrorKind.Io : null;

        // A write to a partition there meets the failure; the client finds the new leader, and what is acknowledged is on it.
        foreach (int partition in hit)
        {
            ProduceResult written = await producer.ProduceAsync("t", Record("after") with { Partition = partition });
            Assert.InRange(written.Offset.Value, 1, 2);
        }

        await NodesInMemory.UntilAsync(
            "the failed directory leads and is in sync nowhere",
            () =>
                hit.All(partition => Topic().Partitions[partition].Leader != failed && !Topic().Partitions[partition].Isr.Contains(failed))
        );
        Assert.Equal(good, Assert.Single(Broker(failed.Value).Directories));
        Assert.False(Broker(failed.Value).Fenced);
        Assert.All(Topic().Partitions.Where(each => !hit.Contains(each.Key)), each => Assert.Contains(failed, each.Value.Isr));
        Assert.Null(failing.Process.HaltReason);
        Assert.Contains(failing.Problems, line => line.Contains("log directory /b is offline", StringComparison.Ordinal));

        // The last directory for data: nothing is left to serve from.
        failing.Disk.Fault = (asked, path) =>
            asked == "flush" && !path.StartsWith("/meta", StringComparison.Ordinal) ? DiskErrorKind.Io : null;
        int other = Enumerable.Range(0, 8).First(partition => !hit.Contains(partition));
        Task<ProduceResult> last = producer.ProduceAsync("t", Record("last") with { Partition = other }).AsTask();
        await NodesInMemory.UntilAsync("the broker without a directory stops", () => failing.Process.HaltReason is not null);
        Assert.Contains("log directory /a as the last of log.dirs failed", failing.Process.HaltReason, StringComparison.Ordinal);

        // A halt ends the process; here its ports close instead.
        await failing.Node.StopAsync(TimeSpan.Zero);
        await last;
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_directory_of_the_metadata_log_alone_holds_no_partition()
    {
        using NodesInMemory nodes = new(TwoNodes);
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 6 }]);
        foreach (NodesInMemory.OneNode node in nodes.All)
        {
            await NodesInMemory.UntilAsync(
                "6 logs",
                () =>
                    node.Disk.ListDirectories("/a")
                        .Concat(node.Disk.ListDirectories("/b"))
                        .Count(name => name.StartsWith("t-", StringComparison.Ordinal)) == 6
            );
            Assert.Equal(["__cluster_metadata-0"], node.Disk.ListDirectories("/meta"));
            Assert.Equal(2, nodes.All[0].Node.Image.Brokers[node.Config.NodeId].Directories.Count);
        }

        await nodes.StopAsync();
    }

    private static IReadOnlyList<NodeId> Pair(int leader) => [new NodeId(leader), new NodeId(3 - leader)];

    private static ProducerRecord Record(string value) => new(null, Encoding.UTF8.GetBytes(value));

    private static string DirectoryId(IDisk disk, string directory) => Storage.MetaProperties.Read(disk, directory)!.DirectoryId.ToString();
}
