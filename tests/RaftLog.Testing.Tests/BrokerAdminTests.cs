using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Testing.Tests;

public class BrokerAdminTests
{
    [Fact]
    public async Task Records_features_directories_and_resources_are_administered()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(nodes: 3);
        KafkaAdmin admin = cluster.Client.Admin;
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 2);
        await EmbeddedClusterTests.ProduceAsync(cluster.Client, "t", 0, 40);
        TopicPartition first = new("t", 0);
        TopicPartition second = new("t", 1);
        Dictionary<TopicPartition, OffsetSpec> ends = new() { [first] = OffsetSpec.Latest, [second] = OffsetSpec.Latest };
        IReadOnlyDictionary<TopicPartition, FoundOffset> found = await admin.ListOffsetsAsync(ends);

        IReadOnlyDictionary<TopicPartition, Offset> begin = await admin.DeleteRecordsAsync(
            new SortedDictionary<TopicPartition, Offset>
            {
                [first] = new Offset(Math.Min(3, found[first].Offset.Value)),
                [second] = Offset.None,
            }
        );
        Assert.Equal((Math.Min(3, found[first].Offset.Value), found[second].Offset.Value), (begin[first].Value, begin[second].Value));
        KafkaException beyond = await Assert.ThrowsAsync<KafkaException>(async () =>
            await admin.DeleteRecordsAsync(new SortedDictionary<TopicPartition, Offset> { [first] = new Offset(1000) })
        );
        Assert.Equal(ErrorCode.OffsetOutOfRange, beyond.Code);
        await Assert.ThrowsAsync<KafkaException>(async () =>
            await admin.DeleteRecordsAsync(new SortedDictionary<TopicPartition, Offset> { [new TopicPartition("t", 2)] = new Offset(1) })
        );

        foreach (int node in cluster.Nodes)
        {
            LogDirectory directory = Assert.Single(await admin.Brokers.LogDirectoriesAsync(new NodeId(node)));
            Assert.Equal([first, second], directory.Replicas.Select(replica => replica.Partition).Where(each => each.Topic == "t"));
        }

        FeatureLevel transactions = (await admin.Brokers.FeaturesAsync()).Single(each => each.Name == "transaction.version");
        Assert.Equal((2, 2), (transactions.Level, transactions.Highest));
        await admin.Brokers.SetFeatureAsync("transaction.version", 1);
        await Poll.UntilAsync(
            "every node has the level",
            async () => (await admin.Brokers.FeaturesAsync()).Single(each => each.Name == "transaction.version").Level == 1
        );
        await admin.Brokers.SetFeatureAsync("transaction.version", 2);
        await Assert.ThrowsAsync<KafkaException>(async () => await admin.Brokers.SetFeatureAsync("transaction.version", 9));

        Assert.Contains(new ConfigResource(ConfigResourceType.Topic, "t"), await admin.ListConfigResourcesAsync(ConfigResourceType.Topic));
        KafkaException absent = await Assert.ThrowsAsync<KafkaException>(async () => await admin.Brokers.UnregisterAsync(new NodeId(77)));
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, absent.Code);
    }

    [Fact]
    public async Task Every_administrative_call_can_be_given_up()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
        KafkaAdmin admin = cluster.Client.Admin;
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        cluster.CutOff(1);
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(300));
        TopicPartition partition = new("t", 0);
        SortedDictionary<TopicPartition, Offset> offsets = new() { [partition] = new Offset(1) };
        Func<ValueTask>[] calls =
        [
            async () => await admin.Groups.ListAsync(cancel.Token),
            async () => await admin.Groups.DescribeAsync("g", cancel.Token),
            async () => await admin.Groups.OffsetsAsync("g", cancel.Token),
            async () => await admin.Groups.SetOffsetsAsync("g", offsets, cancel.Token),
            async () => await admin.Groups.DeleteAsync(["g"], cancel.Token),
            async () => await admin.Groups.DeleteOffsetsAsync("g", [partition], cancel.Token),
            async () => await admin.Transactions.ListAsync(cancel.Token),
            async () => await admin.Transactions.DescribeAsync("tx", cancel.Token),
            async () => await admin.Transactions.ProducersAsync(partition, cancel.Token),
            async () => await admin.Transactions.FindHangingAsync("t", TimeSpan.Zero, cancel.Token),
            async () => await admin.Brokers.FeaturesAsync(cancel.Token),
            async () => await admin.Brokers.LogDirectoriesAsync(new NodeId(1), cancel.Token),
            async () => await admin.Brokers.UnregisterAsync(new NodeId(1), cancel.Token),
            async () => await admin.Brokers.SetFeatureAsync("transaction.version", 1, cancel: cancel.Token),
            async () => await admin.DeleteRecordsAsync(offsets, cancel.Token),
            async () => await admin.ListConfigResourcesAsync(ConfigResourceType.Topic, cancel.Token),
        ];

        await Task.WhenAll(calls.Select(async call => await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call())));
    }
}
