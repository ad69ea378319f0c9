using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// New partitions that the disk has no room, no right or no descriptor for: they are rejected with a reason, and the others are served.
/// </summary>
public sealed class RejectedPartitionsTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    [Theory]
    [InlineData("create directory", DiskErrorKind.NotPermitted, "read and write")]
    [InlineData("create directory", DiskErrorKind.NoSpace, "make room")]
    [InlineData("open", DiskErrorKind.NoDescriptors, "limit of open files")]
    [Trait("Category", "Slow")]
    public async Task A_topic_whose_log_cannot_be_made_is_rejected_with_the_reason_and_served_when_it_can(
        string operation,
        DiskErrorKind kind,
        string wayOut
    )
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("there") { Partitions = 1 }]);
        node.Disk.Fault = (asked, path) => asked == operation && path.StartsWith("/a/rejected", StringComparison.Ordinal) ? kind : null;

        ItemResult<string> rejected = Assert.Single(
            await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("rejected") { Partitions = 2 }])
        );
        Assert.Equal(ErrorCode.KafkaStorageError, rejected.Error);
        Assert.Contains(wayOut, rejected.Message, StringComparison.Ordinal);
        Assert.Contains(
            node.Problems,
            line =>
                line.Contains("rejected-0 cannot be served", StringComparison.Ordinal) && line.Contains(wayOut, StringComparison.Ordinal)
        );

        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("there", new ProducerRecord(null, Encoding.UTF8.GetBytes("still served")));
        Assert.Null(node.Process.HaltReason);

        node.Disk.Fault = null;
        await NodesInMemory.UntilAsync(
            "the log is made at last",
            () => node.Node.Partitions!.Find(new TopicPartition("rejected", 1)) is not null
        );
        await producer.ProduceAsync("rejected", new ProducerRecord(null, Encoding.UTF8.GetBytes("served too")));
        await nodes.StopAsync();
    }
}
