using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.TestKit;

/// <summary>
/// What a program does with a cluster: administration, producing, reading, a classic group, a transaction, a group of the consumer
/// protocol. What a broker with the table cannot do must fail with an error that says so.
/// </summary>
public sealed class WholeClient : IDisposable
{
    private readonly BrokerTable _table;
    private readonly TableNetwork _network;
    private readonly KafkaCluster _cluster;
    private readonly string _topic = $"old-{Guid.NewGuid():N}";

    /// <summary>A client of real nodes that tell a table.</summary>
    public WholeClient(BrokerTable table, string bootstrapServers)
    {
        _table = table;
        _network = new TableNetwork(new TcpNetwork(TimeProvider.System, new TcpOptions()), table);
        _cluster = new KafkaCluster(
            new ClientOptions { BootstrapServers = ClientOptions.ParseServers(bootstrapServers) },
            new ClientWorld(TimeProvider.System, _network, new SystemEntropy())
        );
    }

    /// <summary>Does all of it.</summary>
    public async Task RunAsync()
    {
        await AdministerAsync();
        await ProduceAndReadAsync();
        await ShareAsync();
        await TransactAsync();
        await ShareByCoordinatorAsync();
        Assert.All(await _cluster.Admin.DeleteTopicsAsync([_topic]), static result => result.ThrowIfFailed());

        Assert.Empty(_network.Rejected);
        List<(ApiKey Api, short Version)> asked = _network.Asked.FindAll(static each => each.Api != ApiKey.ApiVersions);
        Assert.All(asked, each => Assert.True(_table.Serves(each.Api, each.Version), $"{each}"));
        Assert.Equal(_table.HighestOf(ApiKey.Fetch), asked.Find(static each => each.Api == ApiKey.Fetch).Version);
        Assert.Equal(_table.HighestOf(ApiKey.Metadata), asked.Find(static each => each.Api == ApiKey.Metadata).Version);
        Assert.Contains(asked, each => each == (ApiKey.Produce, _table.HighestOf(ApiKey.Produce)));
        Assert.Equal(_table.Release.Major < 4, asked.Exists(static each => each.Api == ApiKey.AddPartitionsToTxn));
    }

    public void Dispose() => _cluster.Dispose();

    private async Task AdministerAsync()
    {
        KafkaAdmin admin = _cluster.Admin;
        NodeId broker = (await admin.DescribeClusterAsync()).Brokers[0].Id;
        (await admin.CreateTopicsAsync([new NewTopic(_topic, 2, 1)]))[0].ThrowIfFailed();
        await admin.CreatePartitionsAsync(_topic, 3);
        await Poll.UntilAsync(
            "three partitions have leaders",
            async () =>
                (await admin.DescribeTopicsAsync([_topic]))[0].Partitions is { Count: 3 } partitions
                && partitions.All(static each => each.Leader.IsNode)
        );
        Assert.Contains(await admin.ListTopicsAsync(), topic => topic.Name == _topic);

        ConfigResource resource = new(ConfigResourceType.Topic, _topic);
        ConfigChange change = new(resource, "retention.ms", ConfigOperation.Set, "86400000");
        await OnlyWhereServedAsync(
            ApiKey.IncrementalAlterConfigs,
            0,
            async () =>
            {
                Assert.All(await admin.AlterConfigsAsync([change]), static result => result.ThrowIfFailed());
                await Poll.UntilAsync(
                    "the configuration is changed",
                    async () =>
                        (await admin.DescribeConfigsAsync(resource)).Any(static entry =>
                            entry is { Name: "retention.ms", Value: "86400000" }
                        )
                );
            }
        );
        Assert.Contains(await admin.DescribeConfigsAsync(resource), static entry => entry.Name == "cleanup.policy");
        await OnlyWhereServedAsync(
            ApiKey.CreateTopics,
            4,
            async () => (await admin.CreateTopicsAsync([new NewTopic(_topic + "-default")], validateOnly: true))[0].ThrowIfFailed()
        );
        await OnlyWhereServedAsync(ApiKey.ListTransactions, 0, async () => await admin.Transactions.ListAsync());
        await OnlyWhereServedAsync(
            ApiKey.DescribeProducers,
            0,
            async () => await admin.Transactions.ProducersAsync(new TopicPartition(_topic, 0))
        );
        await OnlyWhereServedAsync(ApiKey.ListPartitionReassignments, 0, async () => await admin.Reassignments.ListAsync());
        await OnlyWhereServedAsync(ApiKey.DescribeQuorum, 0, async () => await admin.DescribeQuorumAsync());
        await OnlyWhereServedAsync(
            ApiKey.ListConfigResources,
            1,
            async () => await admin.ListConfigResourcesAsync(ConfigResourceType.Topic)
        );
        Assert.NotEmpty(await admin.LogDirs.DescribeAsync(broker));
    }

    private async Task ProduceAndReadAsync()
    {
        List<string> written = [];
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            await using Producer producer = _cluster.CreateProducer(new ProducerOptions { Compression = codec });
            for (int i = 0; i < 10; i++)
            {
                ProducerRecord record = new(Bytes($"{codec}"), Bytes($"{i}"))
                {
                    Partition = 0,
                    Headers = new RecordHeader[] { new("codec", Bytes($"{codec}")) },
                };
                _ = producer.ProduceAsync(_topic, record);
                written.Add($"{codec} {i} {codec}");
            }

            await producer.FlushAsync();
        }

        TopicPartition partition = new(_topic, 0);
        using Consumer consumer = _cluster.CreateConsumer();
        consumer.Assign(partition, StartAt.Beginning);
        List<ConsumedRecord> read = await consumer.TakeAsync(written.Count);
        Assert.Equal(written, read.Select(static each => $"{Text(each.Key)} {Text(each.Value)} {Text(each.Headers[0].Value!.Value)}"));

        Dictionary<TopicPartition, OffsetSpec> end = new() { [partition] = OffsetSpec.Latest };
        Assert.Equal(written.Count, (await _cluster.Admin.ListOffsetsAsync(end))[partition].Offset.Value);
        await OnlyWhereServedAsync(
            ApiKey.ListOffsets,
            7,
            async () =>
                await _cluster.Admin.ListOffsetsAsync(new Dictionary<TopicPartition, OffsetSpec> { [partition] = OffsetSpec.MaxTimestamp })
        );
        await _cluster.Admin.DeleteRecordsAsync(new Dictionary<TopicPartition, Offset> { [partition] = new Offset(5) });
        end[partition] = OffsetSpec.Earliest;
        Assert.Equal(5, (await _cluster.Admin.ListOffsetsAsync(end))[partition].Offset.Value);
    }

    private async Task ShareAsync()
    {
        string topic = _topic + "-shared";
        (await _cluster.Admin.CreateTopicsAsync([new NewTopic(topic, 4, 1)]))[0].ThrowIfFailed();
        await NumbersAsync(topic, 0, 40);
        string group = $"classic-{topic}";
        await using (GroupReader first = new(_cluster, topic, "classic"))
        {
            await first.UntilAsync(() => first.Assigned.Count == 4 && first.Values.Count == 40);
            await using GroupReader second = new(_cluster, topic, "classic");
            await first.UntilAsync(() => first.Assigned.Count == 2 && second.Assigned.Count == 2);
            await NumbersAsync(topic, 40, 40);
            await first.UntilAsync(() => first.Values.Count + second.Values.Count == 80);
            Assert.Equal(Enumerable.Range(0, 80), first.Values.Concat(second.Values).Order());
            Assert.Contains(await _cluster.Admin.Groups.ListAsync(), each => each.Id == group);
            Assert.Equal(2, (await _cluster.Admin.Groups.DescribeAsync(group)).Members.Count);
            await OnlyWhereServedAsync(
                ApiKey.JoinGroup,
                5,
                async () =>
                {
                    await using GroupReader named = new(_cluster, topic, "static", static o => o with { GroupInstanceId = "one" });
                    await named.UntilAsync(() => named.Values.Count == 80);
                    (await _cluster.Admin.Groups.RemoveMembersAsync($"static-{topic}", ["one"]))[0].ThrowIfFailed();
                }
            );
        }

        Assert.Equal(80, (await _cluster.Admin.Groups.OffsetsAsync(group)).Values.Sum(static each => each.Offset.Value));
        Assert.All(await _cluster.Admin.Groups.DeleteAsync([group]), static result => result.ThrowIfFailed());
    }

    private async Task TransactAsync()
    {
        string topic = _topic + "-transacted";
        (await _cluster.Admin.CreateTopicsAsync([new NewTopic(topic, 1, 1)]))[0].ThrowIfFailed();
        TopicPartition partition = new(topic, 0);
        await using Producer producer = _cluster.CreateProducer(new ProducerOptions { TransactionalId = topic });
        await producer.InitTransactionsAsync();
        for (int round = 0; round < 4; round++)
        {
            await using Transaction transaction = producer.BeginTransaction();
            await transaction.ProduceAsync(topic, new ProducerRecord(null, Bytes($"{round}")));
            await transaction.SendOffsetsAsync(
                new ConsumerGroupMetadata(topic),
                new Dictionary<TopicPartition, Offset> { [partition] = new Offset(round) }
            );
            await (round % 2 == 0 ? transaction.CommitAsync() : transaction.AbortAsync());
        }

        using Consumer consumer = _cluster.CreateConsumer(new ConsumerOptions { ReadCommitted = true });
        consumer.Assign(partition, StartAt.Beginning);
        Assert.Equal(["0", "2"], (await consumer.TakeAsync(2)).Select(static each => Text(each.Value)));
        Assert.Equal(2, (await _cluster.Admin.Groups.OffsetsAsync(topic))[partition].Offset.Value);

        // Offsets with their consumer's generation: an older coordinator would leave the generation out and fence nobody.
        await OnlyWhereServedAsync(
            ApiKey.TxnOffsetCommit,
            3,
            async () =>
            {
                await using Transaction transaction = producer.BeginTransaction();
                try
                {
                    await transaction.SendOffsetsAsync(
                        new ConsumerGroupMetadata(topic, 7, "nobody"),
                        new Dictionary<TopicPartition, Offset> { [partition] = new Offset(9) }
                    );
                    Assert.Fail("a member that does not exist has committed");
                }
                catch (KafkaException e) when (e.Code != ErrorCode.UnsupportedVersion)
                {
                    Assert.True(e.NeedsAbort, e.Message);
                }
            }
        );
    }

    private async Task ShareByCoordinatorAsync()
    {
        string topic = _topic + "-shared";
        if (_table.HighestOf(ApiKey.ConsumerGroupHeartbeat) >= 0)
        {
            await using GroupReader reader = new(
                _cluster,
                topic,
                "consumer",
                static o => o with { GroupProtocol = GroupProtocol.Consumer }
            );
            await reader.UntilAsync(() => reader.Values.Count == 80);
            return;
        }

        await using Consumer consumer = _cluster.CreateConsumer(
            new ConsumerOptions { GroupId = "c", GroupProtocol = GroupProtocol.Consumer }
        );
        consumer.Subscribe([topic]);
        KafkaException refused = await Assert.ThrowsAsync<KafkaException>(() => consumer.TakeAsync(1));
        Assert.Contains("does not serve ConsumerGroupHeartbeat; ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("group.protocol=classic", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Does what needs a version; where it is not served, the error names the API, what is served, and what needs more.</summary>
    private async Task OnlyWhereServedAsync(ApiKey api, short version, Func<Task> use)
    {
        if (_table.Serves(api, version))
        {
            await use();
            return;
        }

        KafkaException refused = await Assert.ThrowsAsync<KafkaException>(use);
        Assert.Equal(ErrorCode.UnsupportedVersion, refused.Code);
        string served = _table.HighestOf(api) < 0 ? $"does not serve {api}" : $"serves {api} in versions 0 to {_table.HighestOf(api)}";
        Assert.Contains($"{served}; ", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"needs version {version}, which Kafka serves since ", refused.Message, StringComparison.Ordinal);
    }

    private async Task NumbersAsync(string topic, int first, int count)
    {
        await using Producer producer = _cluster.CreateProducer();
        for (int i = first; i < first + count; i++)
        {
            _ = producer.ProduceAsync(topic, new ProducerRecord(Bytes($"{i}"), Bytes($"{i}")) { Partition = i % 4 });
        }

        await producer.FlushAsync();
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.ASCII.GetString(bytes.Span);
}
