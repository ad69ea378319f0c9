using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>Transactions of the .NET client with Apache Kafka's coordinator and with RaftLog's, as before KIP-890 and since.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class TransactionTests(BothNodes nodes)
{
    private const string Feature = "transaction.version";

    [KafkaTheory]
    [InlineData(true, 2)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    [InlineData(false, 1)]
    public async Task A_transaction_is_read_as_a_whole_or_not_at_all(bool isKafka, short level)
    {
        Peer peer = isKafka ? nodes.Kafka : nodes.Subject;
        await SetLevelAsync(peer, level);
        try
        {
            using KafkaCluster cluster = Connect(peer);
            string topic = $"transactions-{Guid.NewGuid():N}";
            string id = $"tx-{topic}";
            Assert.All(await cluster.Admin.CreateTopicsAsync([new NewTopic(topic, 2)]), result => result.ThrowIfFailed());
            await using Producer producer = cluster.CreateProducer(new ProducerOptions { TransactionalId = id });
            await producer.InitTransactionsAsync();
            for (int round = 0; round < 8; round++)
            {
                await using Transaction transaction = producer.BeginTransaction();
                for (int i = 0; i < 6; i++)
                {
                    _ = transaction.ProduceAsync(topic, Record((10 * round) + i, i % 2));
                }

                switch (round % 4)
                {
                    case 0 or 3:
                        await transaction.SendOffsetsAsync(
                            new ConsumerGroupMetadata(id),
                            new SortedDictionary<TopicPartition, Offset> { [new TopicPartition(topic, 0)] = new Offset(round) }
                        );
                        await transaction.CommitAsync();
                        break;
                    case 1:
                        await transaction.AbortAsync();
                        break;
                }
            }

            // An empty one is ended without a word to the coordinator.
            await producer.BeginTransaction().CommitAsync();
            await producer.BeginTransaction().AbortAsync();
            Assert.Equal(
                new[] { 0, 3, 4, 7 }.SelectMany(round => Enumerable.Range(10 * round, 6)),
                (await ReadAsync(cluster, topic, 24)).Order()
            );
            Assert.Equal(7, (await cluster.Admin.Groups.OffsetsAsync(id))[new TopicPartition(topic, 0)].Offset.Value);
            TransactionDescription described = await cluster.Admin.Transactions.DescribeAsync(id);
            Assert.Equal(level == 2, described.Epoch.Value > 0);
        }
        finally
        {
            await SetLevelAsync(peer, 2);
        }
    }

    [KafkaTheory]
    [InlineData(true, 2)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    [InlineData(false, 1)]
    public async Task After_a_failure_and_an_abort_the_producer_goes_on_under_the_next_epoch(bool isKafka, short level)
    {
        Peer peer = isKafka ? nodes.Kafka : nodes.Subject;
        await SetLevelAsync(peer, level);
        try
        {
            using KafkaCluster cluster = Connect(peer);
            string topic = $"transactions-{Guid.NewGuid():N}";
            string id = $"tx-{topic}";
            Assert.All(
                await cluster.Admin.CreateTopicsAsync([
                    new NewTopic(topic, 2),
                    new NewTopic(topic + "-small", 1) { Configs = [new("max.message.bytes", "200")] },
                ]),
                result => result.ThrowIfFailed()
            );
            await using Producer producer = cluster.CreateProducer(new ProducerOptions { TransactionalId = id });
            await producer.InitTransactionsAsync();
            for (int round = 0; round < 3; round++)
            {
                await using (Transaction failing = producer.BeginTransaction())
                {
                    await failing.ProduceAsync(topic, Record(100 + round, 0));
                    _ = failing.ProduceAsync(topic + "-small", new ProducerRecord(null, new byte[1000]));
                    KafkaException failed = await Assert.ThrowsAsync<KafkaException>(async () => await failing.CommitAsync());
                    Assert.True(failed.NeedsAbort, failed.Message);
                }

                await using Transaction good = producer.BeginTransaction();
                await good.ProduceAsync(topic, Record(round, 0));
                await good.CommitAsync();
            }

            Assert.Equal([0, 1, 2], await ReadAsync(cluster, topic, 3));
            Assert.True((await cluster.Admin.Transactions.DescribeAsync(id)).Epoch.Value >= 3);
        }
        finally
        {
            await SetLevelAsync(peer, 2);
        }
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_producer_before_is_fenced_and_says_so(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka ? nodes.Kafka : nodes.Subject);
        string topic = $"transactions-{Guid.NewGuid():N}";
        Assert.All(await cluster.Admin.CreateTopicsAsync([new NewTopic(topic, 1)]), result => result.ThrowIfFailed());
        await using Producer first = cluster.CreateProducer(new ProducerOptions { TransactionalId = topic });
        await first.InitTransactionsAsync();
        await using Transaction left = first.BeginTransaction();
        await left.ProduceAsync(topic, Record(1, 0));
        await using Producer second = cluster.CreateProducer(new ProducerOptions { TransactionalId = topic });
        await second.InitTransactionsAsync();
        await using Transaction transaction = second.BeginTransaction();
        await transaction.ProduceAsync(topic, Record(2, 0));
        await transaction.CommitAsync();

        KafkaException fenced = await Assert.ThrowsAsync<KafkaException>(async () => await left.CommitAsync());

        Assert.True(fenced is { IsFatal: true, IsRetriable: false }, fenced.Message);
        Assert.Equal([2], await ReadAsync(cluster, topic, 1));
    }

    private static async Task SetLevelAsync(Peer peer, short level)
    {
        UpdateFeaturesResponse response = await peer.AskAsync(
            new UpdateFeaturesRequest
            {
                TimeoutMs = 30_000,
                FeatureUpdates =
                [
                    new()
                    {
                        Feature = Feature,
                        MaxVersionLevel = level,
                        UpgradeType = (sbyte)(level == 2 ? 1 : 2),
                    },
                ],
            }
        );
        Assert.True(response.ErrorCode == ErrorCode.None, $"{peer.Name}: {response.ErrorCode} {response.ErrorMessage}");
        await Poll.UntilAsync(
            $"{peer.Name} has {Feature} {level}",
            async () =>
            {
                ApiVersionsResponse versions = await peer.AskVersionAsync(
                    new ApiVersionsRequest { ClientSoftwareName = "raftlog-tests", ClientSoftwareVersion = "1.0" },
                    3
                );
                return versions.FinalizedFeatures.Find(feature => feature.Name == Feature)?.MaxVersionLevel == level;
            }
        );
    }

    private static KafkaCluster Connect(Peer peer) =>
        new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers($"127.0.0.1:{peer.Port}") });

    private static ProducerRecord Record(int value, int partition) =>
        new(null, Encoding.ASCII.GetBytes($"{value}")) { Partition = partition };

    private static async Task<List<int>> ReadAsync(KafkaCluster cluster, string topic, int count)
    {
        using Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { ReadCommitted = true });
        TopicDescription described = (await cluster.Admin.DescribeTopicsAsync([topic]))[0];
        consumer.Assign(described.Partitions.ToDictionary(partition => new TopicPartition(topic, partition.Index), _ => StartAt.Beginning));
        List<int> values = [];
        while (true)
        {
            using FetchedRecords? records = await consumer.ReadAsync(
                values.Count < count ? TimeSpan.FromSeconds(20) : TimeSpan.FromMilliseconds(300)
            );
            if (records is null)
            {
                return values;
            }

            foreach (RecordView record in records)
            {
                values.Add(int.Parse(Encoding.ASCII.GetString(record.Value.Span)));
            }
        }
    }
}
