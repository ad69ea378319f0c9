using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Platform;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>A log directory in which nothing can be renamed, made or deleted for now: the node goes on, says so, and tries again.</summary>
public sealed class UnchangeableDirectoryTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a", "metadata.log.dir": "/meta" } ] }""";

    [Theory]
    [InlineData("rename")]
    [InlineData("delete")]
    [Trait("Category", "Slow")]
    public async Task A_topic_that_cannot_be_removed_from_the_disk_takes_nothing_with_it(string rejectedOperation)
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("gone"), new NewTopic("stays")]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("gone", Record("1"));
        await producer.ProduceAsync("stays", Record("1"));
        node.Disk.Fault = (asked, path) =>
            asked == rejectedOperation && path.StartsWith("/a/gone", StringComparison.Ordinal) ? DiskErrorKind.NotPermitted : null;
        await nodes.Client.Admin.DeleteTopicsAsync(["gone"]);
        await NodesInMemory.UntilAsync("it is told", () => IsReported(node));

        await producer.ProduceAsync("stays", Record("2"));
        Assert.Null(node.Process.HaltReason);
        Assert.Contains(node.Disk.ListDirectories("/a"), name => name.StartsWith("gone", StringComparison.Ordinal));

        node.Disk.Fault = null;
        await NodesInMemory.UntilAsync(
            "the files go when they can",
            () => !node.Disk.ListDirectories("/a").Any(name => name.StartsWith("gone", StringComparison.Ordinal))
        );
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("gone")]);
        await producer.ProduceAsync("gone", Record("of the next topic"));
        await nodes.StopAsync();
    }

    /// <summary>
    /// The log of a topic without records looks like one that was never finished; another must not begin in its directory.
    /// </summary>
    [Fact]
    public async Task A_topic_that_is_made_anew_before_its_empty_log_could_be_renamed_keeps_its_records()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("anew")]);
        node.Disk.Fault = (asked, path) =>
            asked == "rename" && path.StartsWith("/a/anew", StringComparison.Ordinal) ? DiskErrorKind.NotPermitted : null;
        await nodes.Client.Admin.DeleteTopicsAsync(["anew"]);
        await NodesInMemory.UntilAsync("it is told", () => IsReported(node));
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("anew")]);

        node.Disk.Fault = null;
        await using (Producer producer = nodes.Client.CreateProducer())
        {
            await producer.ProduceAsync("anew", Record("1"));
        }

        await NodesInMemory.UntilAsync(
            "the first log's files go",
            () => node.Disk.ListDirectories("/a").Count(name => name.StartsWith("anew", StringComparison.Ordinal)) == 1
        );
        Assert.Contains("anew-0", node.Disk.ListDirectories("/a"));
        await nodes.StopAsync();
    }

    private static bool IsReported(NodesInMemory.OneNode node)
    {
        lock (node.Problems)
        {
            return node.Problems.Any(line => line.Contains("log directory /a cannot be changed now", StringComparison.Ordinal));
        }
    }

    private static ProducerRecord Record(string value) => new(null, Encoding.UTF8.GetBytes(value));
}
