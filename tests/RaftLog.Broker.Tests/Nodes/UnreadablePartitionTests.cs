using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What a fetch says of a partition whose disk refuses to read, and of the others that it asks for.</summary>
public sealed class UnreadablePartitionTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    [Fact]
    public async Task A_partition_that_cannot_be_read_is_refused_alone()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneNode, network);
        await nodes.StartAsync();
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 2 }]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("t", Record() with { Partition = 0 });
        await producer.ProduceAsync("t", Record() with { Partition = 1 });
        node.Disk.Fault = (asked, path) => asked == "read" && path.StartsWith("/a/t-0", StringComparison.Ordinal) ? DiskErrorKind.Io : null;

        Assert.True(node.Node.Image.Topics.TryGet("t", out TopicImage? topic));
        FetchRequest.FetchTopic asked = new() { TopicId = topic!.Id };
        asked.Partitions.AddRange(Enumerable.Range(0, 2).Select(index => new FetchRequest.FetchPartition { Partition = index, PartitionMaxBytes = 1 << 20 }));
        FetchResponse answer = await RawCall.AskAsync(
            network, NodesInMemory.AddressOf(node.Config), new FetchRequest { MaxWaitMs = 1_000, MinBytes = 1, MaxBytes = 1 << 20, Topics = [asked] });

        Assert.Equal(
            [(ErrorCode.KafkaStorageError, false), (ErrorCode.None, true)],
            answer.Responses.Single().Partitions.OrderBy(each => each.PartitionIndex).Select(each => (each.ErrorCode, each.Records is { Length: > 0 })));
        node.Disk.Fault = null;
        await nodes.StopAsync();
    }

    private static ProducerRecord Record() => new(null, Encoding.UTF8.GetBytes("value"));
}
