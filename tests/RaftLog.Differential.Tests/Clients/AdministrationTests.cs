using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>
/// Administration by the .NET client with Apache Kafka and with RaftLog, beyond what <see cref="OldBrokerTests"/> does: every method, and
/// what each is rejected with.
/// </summary>
[Collection(BothNodesCollection.Name)]
public sealed class AdministrationTests(BothNodes nodes)
{
    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Topics_and_their_configuration(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        KafkaAdmin admin = cluster.Admin;
        string topic = $"admin-{Guid.NewGuid():N}";
        NewTopic wanted = new(topic, 2) { Configs = [new("max.message.bytes", "1000")] };
        (await admin.CreateTopicsAsync([wanted], validateOnly: true))[0].ThrowIfFailed();
        Assert.DoesNotContain(await admin.ListTopicsAsync(), each => each.Name == topic);
        (await admin.CreateTopicsAsync([wanted]))[0].ThrowIfFailed();
        IReadOnlyList<ItemResult<string>> again = await admin.CreateTopicsAsync([
            wanted,
            new NewTopic(topic + "!", 1),
            new NewTopic(topic + "-huge", 1, 7),
        ]);
        Assert.Equal(ErrorCode.TopicAlreadyExists, again.Single(each => each.Item == topic).Error);
        Assert.Equal(ErrorCode.InvalidTopicException, again.Single(each => each.Item == topic + "!").Error);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, again.Single(each => each.Item == topic + "-huge").Error);

        ConfigResource resource = new(ConfigResourceType.Topic, topic);
        Assert.Equal("1000", await ValueAsync(admin, resource, "max.message.bytes"));
        ItemResult<ConfigResource> wrong = (
            await admin.AlterConfigsAsync([new ConfigChange(resource, "max.message.bytes", ConfigOperation.Set, "many")])
        )[0];
        Assert.Equal(ErrorCode.InvalidConfig, wrong.Error);
        ConfigChange delete = new(resource, "max.message.bytes", ConfigOperation.Delete, null);
        (await admin.AlterConfigsAsync([delete], validateOnly: true))[0].ThrowIfFailed();
        Assert.Equal("1000", await ValueAsync(admin, resource, "max.message.bytes"));
        (await admin.AlterConfigsAsync([delete]))[0].ThrowIfFailed();
        await Poll.UntilAsync("the value is the default", async () => await ValueAsync(admin, resource, "max.message.bytes") == "1048588");
        Assert.Contains(await admin.ListConfigResourcesAsync(ConfigResourceType.Topic), each => each == resource);

        KafkaException fewer = await Assert.ThrowsAsync<KafkaException>(async () => await admin.CreatePartitionsAsync(topic, 1));
        Assert.Equal(ErrorCode.InvalidPartitions, fewer.Code);
        TopicPartition first = new(topic, 0);
        ItemResult<TopicPartition> elected = (await admin.ElectLeadersAsync([first]))[0];
        Assert.Equal((first, ErrorCode.ElectionNotNeeded), (elected.Item, elected.Error));
        (await admin.DeleteTopicsAsync([topic]))[0].ThrowIfFailed();
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await admin.DeleteTopicsAsync([topic]))[0].Error);
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Brokers_and_their_disks(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        KafkaAdmin admin = cluster.Admin;
        string topic = await CreateAsync(cluster);
        TopicPartition partition = new(topic, 0);
        await using Producer producer = cluster.CreateProducer();
        await producer.ProduceAsync(topic, new ProducerRecord(null, new byte[100]));

        ClusterDescription described = await admin.DescribeClusterAsync();
        Assert.Equal(Peer.NodeId, Assert.Single(described.Brokers).Id);
        Assert.NotEmpty(described.ClusterId);
        QuorumDescription quorum = await admin.DescribeQuorumAsync();
        Assert.Equal(Peer.NodeId, quorum.Leader);
        Assert.Contains(await admin.Brokers.FeaturesAsync(), static each => each is { Name: "transaction.version", Level: 2, Highest: 2 });
        await admin.Brokers.SetFeatureAsync("transaction.version", 1, validateOnly: true);
        Assert.Contains(await admin.Brokers.FeaturesAsync(), static each => each is { Name: "transaction.version", Level: 2 });
        await Assert.ThrowsAsync<KafkaException>(async () => await admin.Brokers.SetFeatureAsync("transaction.version", 9));
        await Assert.ThrowsAsync<KafkaException>(async () => await admin.Brokers.UnregisterAsync(new NodeId(77)));

        LogDirView directory = Assert.Single(await admin.LogDirs.DescribeAsync(Peer.NodeId));
        LogDirReplica replica = Assert.Single(directory.Replicas, each => each.Partition == partition);
        Assert.True(replica.SizeBytes > 100, $"{replica}");
        ItemResult<TopicPartition> moved = Assert.Single(await admin.LogDirs.MoveAsync(Peer.NodeId, "/nowhere", [partition]));
        Assert.Equal(ErrorCode.LogDirNotFound, moved.Error);
        Assert.Empty(await admin.Reassignments.ListAsync());
        ItemResult<TopicPartition> stopped = Assert.Single(
            await admin.Reassignments.AlterAsync(new Dictionary<TopicPartition, IReadOnlyList<NodeId>?> { [partition] = null })
        );
        Assert.Equal(ErrorCode.NoReassignmentInProgress, stopped.Error);
        ItemResult<TopicPartition> away = Assert.Single(
            await admin.Reassignments.AlterAsync(new Dictionary<TopicPartition, IReadOnlyList<NodeId>?> { [partition] = [new NodeId(77)] })
        );
        Assert.Equal(ErrorCode.InvalidReplicaAssignment, away.Error);
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Groups_and_transactions(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        KafkaAdmin admin = cluster.Admin;
        string topic = await CreateAsync(cluster);
        TopicPartition partition = new(topic, 0);
        Dictionary<TopicPartition, Offset> position = new() { [partition] = new Offset(3) };
        Assert.All(await admin.Groups.SetOffsetsAsync(topic, position), static each => each.ThrowIfFailed());
        Assert.Equal(3, (await admin.Groups.OffsetsAsync(topic))[partition].Offset.Value);
        Assert.Contains(await admin.Groups.ListAsync(), each => each is { State: "Empty" } && each.Id == topic);
        Assert.All(await admin.Groups.DeleteOffsetsAsync(topic, [partition]), static each => each.ThrowIfFailed());
        Assert.Empty(await admin.Groups.OffsetsAsync(topic));
        KafkaException none = await Assert.ThrowsAsync<KafkaException>(async () => await admin.Groups.DescribeAsync(topic + "-none"));
        Assert.Equal(ErrorCode.GroupIdNotFound, none.Code);
        Assert.Equal(ErrorCode.GroupIdNotFound, (await admin.Groups.DeleteAsync([topic + "-none"]))[0].Error);

        await using Producer producer = cluster.CreateProducer(new ProducerOptions { TransactionalId = topic });
        await producer.InitTransactionsAsync();
        Transaction transaction = producer.BeginTransaction();
        await transaction.ProduceAsync(topic, new ProducerRecord(null, [1]));
        TransactionDescription described = await admin.Transactions.DescribeAsync(topic);
        Assert.Equal(("Ongoing", partition), (described.State, Assert.Single(described.Partitions)));
        Assert.Contains(await admin.Transactions.ListAsync(), each => each is { State: "Ongoing" } && each.Id == topic);
        PartitionProducer open = Assert.Single(await admin.Transactions.ProducersAsync(partition));
        Assert.Equal((described.Producer, Offset.Zero), (open.Producer, open.TransactionStart));

        await admin.Transactions.FenceAsync(topic);
        KafkaException fenced = await Assert.ThrowsAsync<KafkaException>(async () => await transaction.CommitAsync());
        Assert.True(fenced.IsFatal, fenced.Message);
        Assert.Equal("Empty", (await admin.Transactions.DescribeAsync(topic)).State);
    }

    private KafkaCluster Connect(bool isKafka) =>
        new(
            new ClientOptions { BootstrapServers = ClientOptions.ParseServers($"127.0.0.1:{(isKafka ? nodes.Kafka : nodes.Subject).Port}") }
        );

    private static async Task<string> CreateAsync(KafkaCluster cluster)
    {
        string topic = $"admin-{Guid.NewGuid():N}";
        (await cluster.Admin.CreateTopicsAsync([new NewTopic(topic, 1, 1)]))[0].ThrowIfFailed();
        return topic;
    }

    private static async Task<string?> ValueAsync(KafkaAdmin admin, ConfigResource resource, string key) =>
        (await admin.DescribeConfigsAsync(resource)).Single(entry => entry.Name == key).Value;
}
