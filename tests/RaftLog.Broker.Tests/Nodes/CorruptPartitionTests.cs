using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// What a leader's disk corrupts in a partition's log does not reach a follower, and the follower says why it falls behind.
/// </summary>
public sealed class CorruptPartitionTests
{
    private const string TwoNodes = """
        {
          "defaults": { "log.dirs": "/a", "default.replication.factor": 2, "min.insync.replicas": 1, "replica.lag.time.max.ms": 500 },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092", "process.roles": "broker" }
          ]
        }
        """;

    // Of a batch with one record without key: its length stands 8 bytes after its begin, the value 67.
    private const int LengthBeforeValue = 9 - 67;

    [Theory]
    [InlineData(0, "the leader sent a damaged batch at offset 1")]
    [InlineData(LengthBeforeValue, "its log is damaged there")]
    public async Task A_follower_says_once_what_it_gets_no_further_for(int place, string why)
    {
        using NodesInMemory nodes = new(TwoNodes);
        await nodes.StartAsync();
        NodesInMemory.OneNode leader = nodes.All[0];
        NodesInMemory.OneNode follower = nodes.All[1];
        await nodes.Client.Admin.CreateTopicsAsync([
            new NewTopic("orders")
            {
                Assignments =
                [
                    [new NodeId(1), new NodeId(2)],
                ],
            },
        ]);
        await using Producer producer = nodes.Client.CreateProducer();
        await producer.ProduceAsync("orders", Record("sound"));
        await follower.Node.StopAsync(TimeSpan.Zero);
        await producer.ProduceAsync("orders", Record("corrupt"));
        leader.Disk.FlipBit("/a/orders-0/00000000000000000000.log", "corrupt", place);

        await follower.StartAsync();
        await NodesInMemory.UntilAsync("the follower says so", () => OnApplied(follower).Length > 0);

        // It is waited for until it is late, so it has asked again by the time that this one is acknowledged.
        await producer.ProduceAsync("orders", Record("more"));
        await follower.Node.Ready;
        await nodes.StopAsync();

        string line = Assert.Single(OnApplied(follower));
        Assert.Contains($"orders-0 gets nothing from node 1 at offset 1: {why};", line, StringComparison.Ordinal);
    }

    private static string[] OnApplied(NodesInMemory.OneNode node)
    {
        lock (node.Problems)
        {
            return [.. node.Problems.Where(line => line.Contains("gets nothing", StringComparison.Ordinal))];
        }
    }

    private static ProducerRecord Record(string value) => new(null, Encoding.UTF8.GetBytes(value));
}
