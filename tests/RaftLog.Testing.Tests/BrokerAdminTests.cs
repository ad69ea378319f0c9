using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
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
            LogDirView directory = Assert.Single(await admin.LogDirs.DescribeAsync(new NodeId(node)));
            Assert.Equal([first, second], directory.Replicas.Select(replica => replica.Partition).Order().Where(each => each.Topic == "t"));
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

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public async Task Members_that_are_removed_are_in_their_group_no_more(GroupProtocol protocol)
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
        KafkaAdmin admin = cluster.Client.Admin;
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        Consumer consumer = cluster.Client.CreateConsumer(
            new ConsumerOptions
            {
                GroupId = "g",
                GroupProtocol = protocol,
                GroupInstanceId = "left",
                OffsetReset = OffsetReset.Earliest,
            }
        );
        consumer.Subscribe(["t"]);
        while (consumer.Assigned.Count == 0)
        {
            (await consumer.ReadAsync(TimeSpan.FromMilliseconds(50)))?.Dispose();
        }

        // Without a word to the group, as one whose process ends.
        consumer.Dispose();
        Assert.Equal(["left"], (await admin.Groups.DescribeAsync("g")).Members.Select(each => each.InstanceId));

        ItemResult<string> absent = Assert.Single(await admin.Groups.RemoveMembersAsync("g", ["absent"]));
        Assert.Equal(ErrorCode.UnknownMemberId, absent.Error);
        Assert.All(await admin.Groups.RemoveAllMembersAsync("g"), each => each.ThrowIfFailed());

        Assert.Empty((await admin.Groups.DescribeAsync("g")).Members);
    }

    [Fact]
    public async Task A_producer_that_is_fenced_can_neither_commit_nor_be_read()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await producer.InitTransactionsAsync();
        await using Transaction transaction = producer.BeginTransaction();
        await transaction.ProduceAsync("t", new ProducerRecord(null, "x"u8.ToArray()));

        await cluster.Client.Admin.Transactions.FenceAsync("tx");

        KafkaException fenced = await Assert.ThrowsAsync<KafkaException>(async () => await transaction.CommitAsync());
        Assert.True(fenced.IsFatal, fenced.Message);
        TransactionDescription described = await cluster.Client.Admin.Transactions.DescribeAsync("tx");
        Assert.Empty(described.Partitions);
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
            async () => await admin.LogDirs.DescribeAsync(new NodeId(1), cancel.Token),
            async () => await admin.Groups.RemoveMembersAsync("g", ["a"], cancel.Token),
            async () => await admin.Groups.RemoveAllMembersAsync("g", cancel.Token),
            async () => await admin.Transactions.FenceAsync("tx", cancel.Token),
            async () => await admin.Brokers.UnregisterAsync(new NodeId(1), cancel.Token),
            async () => await admin.Brokers.SetFeatureAsync("transaction.version", 1, cancel: cancel.Token),
            async () => await admin.DeleteRecordsAsync(offsets, cancel.Token),
            async () => await admin.ListConfigResourcesAsync(ConfigResourceType.Topic, cancel.Token),
        ];

        await Task.WhenAll(calls.Select(async call => await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call())));
    }
}
