using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using Xunit.Sdk;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What a fetch says of a partition whose disk declines to read, and of the others that it asks for.</summary>
public sealed class UnreadablePartitionTests
{
    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    [Fact]
    public async Task A_partition_that_cannot_be_read_is_rejected_alone()
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

        Assert.Equal([(ErrorCode.KafkaStorageError, false), (ErrorCode.None, true)], await FetchBothAsync(network, node));
        node.Disk.Fault = null;
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_partition_that_fails_in_the_middle_of_a_response_ends_it_and_is_rejected_alone_from_then_on()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(OneNode, network);
        await nodes.StartAsync();
        NodesInMemory.OneNode node = nodes.All[0];
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("t") { Partitions = 2 }]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("t", new ProducerRecord(null, new byte[5_000]) { Partition = 0 });
        await producer.ProduceAsync("t", new ProducerRecord(null, new byte[5_000]) { Partition = 1 });

        // The header of the batch is read to find it, and then its bytes are not.
        int reads = 0;
        node.Disk.Fault = (asked, path) =>
            asked == "read"
            && path.StartsWith("/a/t-0", StringComparison.Ordinal)
            && path.EndsWith(".log", StringComparison.Ordinal)
            && Interlocked.Increment(ref reads) % 2 == 0
                ? DiskErrorKind.Io
                : null;

        await Assert.ThrowsAsync<TrueException>(() => FetchBothAsync(network, node));
        await NodesInMemory.UntilAsync("a line in the node log", () => node.Says("ends in its middle"));
        Assert.Equal([(ErrorCode.KafkaStorageError, false), (ErrorCode.None, true)], await FetchBothAsync(network, node));
        node.Disk.Fault = null;
        Assert.Equal([(ErrorCode.None, true), (ErrorCode.None, true)], await FetchBothAsync(network, node));
        await nodes.StopAsync();
    }

    private static async Task<IEnumerable<(ErrorCode Error, bool HasRecords)>> FetchBothAsync(
        InMemoryNetwork network,
        NodesInMemory.OneNode node
    )
    {
        Assert.True(node.Node.Image.Topics.TryGet("t", out TopicImage? topic));
        FetchRequest.FetchTopic asked = new() { TopicId = topic!.Id };
        asked.Partitions.AddRange(
            Enumerable.Range(0, 2).Select(index => new FetchRequest.FetchPartition { Partition = index, PartitionMaxBytes = 1 << 20 })
        );
        FetchResponse response = await RawCall.AskAsync(
            network,
            NodesInMemory.AddressOf(node.Config),
            new FetchRequest
            {
                MaxWaitMs = 1_000,
                MinBytes = 1,
                MaxBytes = 1 << 20,
                Topics = [asked],
            }
        );
        return response
            .Responses.Single()
            .Partitions.OrderBy(each => each.PartitionIndex)
            .Select(each => (each.ErrorCode, each.Records is { Length: > 0 }));
    }

    private static ProducerRecord Record() => new(null, Encoding.UTF8.GetBytes("value"));
}
