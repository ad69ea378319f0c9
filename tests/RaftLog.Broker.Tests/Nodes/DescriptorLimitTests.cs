using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>A node that may open fewer files than it has logs, or no more for a time.</summary>
public sealed class DescriptorLimitTests
{
    private const int Partitions = 100;

    private const string OneNode =
        """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a" } ] }""";

    [Fact]
    public async Task More_partitions_than_descriptors_are_made_written_stopped_and_opened_again()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        node.Disk.DescriptorLimit = 60;
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("many") { Partitions = Partitions }]);
        await using Producer producer = nodes.Client.CreateProducer();
        for (int i = 0; i < Partitions; i++)
        {
            await producer.ProduceAsync("many", Record(i));
        }

        Assert.All(Enumerable.Range(0, Partitions), i => Assert.Equal(new Offset(1), End(node, i)));
        await node.Node.StopAsync(TimeSpan.Zero);
        Assert.False(node.Says("limit of open files"));
        await node.StartAsync();
        await node.Node.Ready;
        Assert.All(Enumerable.Range(0, Partitions), i => Assert.Equal(new Offset(1), End(node, i)));
        Assert.True(node.Says($"this process may open 60 files, and 30 of them are kept for the logs of {Partitions} partitions"));
        await producer.ProduceAsync("many", Record(Partitions - 1));
        await nodes.StopAsync();
        Assert.Null(node.Process.HaltReason);
    }

    [Fact]
    public async Task Records_are_rejected_while_no_file_can_be_opened_and_taken_when_one_can()
    {
        using NodesInMemory nodes = new(OneNode);
        NodesInMemory.OneNode node = nodes.All[0];
        node.Disk.DescriptorLimit = 60;
        await nodes.StartAsync();
        await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("many") { Partitions = Partitions }]);
        await using Producer producer = nodes.Client.CreateProducer();
        for (int i = 0; i < Partitions; i++)
        {
            await producer.ProduceAsync("many", Record(i));
        }

        node.Disk.DescriptorLimit = 0;
        Task<ProduceResult> late = producer.ProduceAsync("many", Record(0)).AsTask();
        await NodesInMemory.UntilAsync("a line in the node log", () => node.Says("raise the limit of open files"));
        Assert.False(late.IsCompleted);
        Assert.Null(node.Process.HaltReason);

        node.Disk.DescriptorLimit = 60;
        await late;
        Assert.Equal(new Offset(2), End(node, 0));
        await nodes.StopAsync();
        Assert.Null(node.Process.HaltReason);
    }

    private static ProducerRecord Record(int partition) => new(null, Encoding.UTF8.GetBytes("a record")) { Partition = partition };

    private static Offset End(NodesInMemory.OneNode node, int partition) =>
        node.Node.Partitions!.Find(new TopicPartition("many", partition))!.Log.EndOffset;
}
