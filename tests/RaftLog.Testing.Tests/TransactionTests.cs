using System.Text;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Testing.Tests;

[Trait("Category", "Slow")]
public class TransactionTests
{
    private static readonly SortedDictionary<string, string> Quick = new()
    {
        ["transaction.state.log.num.partitions"] = "3",
        ["offsets.topic.num.partitions"] = "3",
        ["group.initial.rebalance.delay.ms"] = "0",
    };

    [Fact]
    public async Task What_is_committed_is_read_and_what_is_aborted_or_disposed_is_not()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 3);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await producer.InitTransactionsAsync();

        for (int round = 0; round < 10; round++)
        {
            await using Transaction transaction = producer.BeginTransaction();
            for (int i = 0; i < 9; i++)
            {
                _ = transaction.ProduceAsync("t", Record((10 * round) + i, i % 3));
            }

            switch (round % 3)
            {
                case 0:
                    await transaction.CommitAsync();
                    break;
                case 1:
                    await transaction.AbortAsync();
                    break;
            }
        }

        Assert.Equal(
            new[] { 0, 3, 6, 9 }.SelectMany(round => Enumerable.Range(10 * round, 9)),
            (await ReadCommittedAsync(cluster.Client, "t", 3, 36)).Order()
        );
    }

    /// <summary>
    /// The sender looks for batches on one thread while the next transaction begins on another: its first record has the epoch of its own
    /// transaction, not of the one before.
    /// </summary>
    [Fact]
    public async Task Many_transactions_of_one_record_follow_each_other_without_a_pause()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await producer.InitTransactionsAsync();

        for (int i = 0; i < 1000; i++)
        {
            await using Transaction transaction = producer.BeginTransaction();
            producer.Produce("t", Record(i, 0));
            await transaction.CommitAsync();
        }

        Assert.Equal(Enumerable.Range(0, 1000), await ReadCommittedAsync(cluster.Client, "t", 1, 1000));
    }

    [Fact]
    public async Task The_next_producer_with_the_id_fences_the_one_before_and_ends_its_transaction()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer first = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await first.InitTransactionsAsync();
        await using Transaction left = first.BeginTransaction();
        await left.ProduceAsync("t", Record(1, 0));

        await using Producer second = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await second.InitTransactionsAsync();
        await using (Transaction transaction = second.BeginTransaction())
        {
            await transaction.ProduceAsync("t", Record(2, 0));
            await transaction.CommitAsync();
        }

        KafkaException fenced = await Assert.ThrowsAsync<KafkaException>(async () => await left.CommitAsync());
        Assert.True(fenced.IsFatal);
        Assert.Contains("another producer with this transactional id has taken over", fenced.Message);
        Assert.Same(fenced, Assert.Throws<KafkaException>(() => first.BeginTransaction()));
        Assert.Equal([2], await ReadCommittedAsync(cluster.Client, "t", 1, 1));
    }

    [Fact]
    public async Task Records_of_a_producer_that_was_fenced_fail_and_its_abort_says_that_it_is_over()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer first = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await first.InitTransactionsAsync();
        await using Transaction left = first.BeginTransaction();
        await left.ProduceAsync("t", Record(1, 0));
        await using Producer second = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await second.InitTransactionsAsync();

        await Assert.ThrowsAsync<KafkaException>(async () => await left.ProduceAsync("t", Record(2, 0)));
        KafkaException over = await Assert.ThrowsAsync<KafkaException>(async () => await left.AbortAsync());

        Assert.True(over.IsFatal, over.Message);
    }

    [Fact]
    public async Task A_record_that_fails_makes_the_transaction_one_to_abort_and_the_next_one_goes_on()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await cluster.Client.Admin.CreateTopicsAsync([new("small") { Partitions = 1, Configs = [new("max.message.bytes", "100")] }]);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await producer.InitTransactionsAsync();

        await using (Transaction transaction = producer.BeginTransaction())
        {
            await transaction.ProduceAsync("t", Record(1, 0));
            KafkaException large = await Assert.ThrowsAsync<KafkaException>(async () =>
                await transaction.ProduceAsync("small", new ProducerRecord(null, new byte[1000]))
            );
            Assert.Equal(ErrorCode.MessageTooLarge, large.Code);
            KafkaException failed = await Assert.ThrowsAsync<KafkaException>(async () => await transaction.CommitAsync());
            Assert.True(
                failed is { NeedsAbort: true, IsFatal: false, IsRetriable: false, Code: ErrorCode.MessageTooLarge },
                failed.Message
            );
            await Assert.ThrowsAsync<KafkaException>(async () => await transaction.ProduceAsync("t", Record(2, 0)));
            await transaction.AbortAsync();
        }

        await using (Transaction transaction = producer.BeginTransaction())
        {
            await transaction.ProduceAsync("t", Record(3, 0));
            await transaction.CommitAsync();
        }

        Assert.Equal([3], await ReadCommittedAsync(cluster.Client, "t", 1, 1));
    }

    [Fact]
    public async Task A_producer_with_a_transactional_id_writes_within_transactions_only()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });

        Assert.Contains("InitTransactionsAsync", Assert.Throws<KafkaException>(() => producer.BeginTransaction()).Message);
        await producer.InitTransactionsAsync();
        Assert.Contains(
            "BeginTransaction",
            (await Assert.ThrowsAsync<KafkaException>(async () => await producer.ProduceAsync("t", Record(1, 0)))).Message
        );
        Transaction transaction = producer.BeginTransaction();
        Assert.Contains("a transaction is open", Assert.Throws<KafkaException>(() => producer.BeginTransaction()).Message);
        await producer.ProduceAsync("t", Record(2, 0));
        await transaction.CommitAsync();
        Assert.Contains("has ended", (await Assert.ThrowsAsync<KafkaException>(async () => await transaction.CommitAsync())).Message);
        Assert.Contains(
            "has ended",
            (await Assert.ThrowsAsync<KafkaException>(async () => await transaction.ProduceAsync("t", Record(3, 0)))).Message
        );
        await transaction.DisposeAsync();

        Assert.Equal([2], await ReadCommittedAsync(cluster.Client, "t", 1, 1));
        await using Producer plain = cluster.Client.CreateProducer();
        Assert.Contains("TransactionalId", Assert.Throws<InvalidOperationException>(() => plain.BeginTransaction()).Message);
        Assert.Throws<ArgumentException>(() =>
            cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx", Acks = Acks.Leader })
        );
    }

    [Fact]
    public async Task Requests_and_responses_that_are_lost_change_nothing()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        int next = 0;
        foreach (RequestFault fault in Enum.GetValues<RequestFault>())
        {
            cluster.FailNext(ApiKey.InitProducerId, fault);
            await producer.InitTransactionsAsync();
            foreach (ApiKey api in new[] { ApiKey.Produce, ApiKey.TxnOffsetCommit, ApiKey.EndTxn, ApiKey.FindCoordinator })
            {
                cluster.FailNext(api, fault);
                await using Transaction transaction = producer.BeginTransaction();
                _ = transaction.ProduceAsync("t", Record(next, 0));
                await transaction.SendOffsetsAsync(new ConsumerGroupMetadata("g"), Offsets(next++));
                await transaction.CommitAsync();
            }

            cluster.FailNext(ApiKey.EndTxn, fault);
            await using Transaction aborted = producer.BeginTransaction();
            await aborted.ProduceAsync("t", Record(1000, 0));
            await aborted.AbortAsync();
        }

        Assert.Equal(Enumerable.Range(0, next), await ReadCommittedAsync(cluster.Client, "t", 1, next));
        Assert.Equal(next - 1, (await cluster.Client.Admin.Groups.OffsetsAsync("g"))[new TopicPartition("t", 0)].Offset.Value);
    }

    [Fact]
    public async Task Transactions_go_on_when_the_coordinator_is_killed()
    {
        await using EmbeddedCluster cluster = await StartAsync(nodes: 3);
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "t", partitions: 3);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "tx" });
        await producer.InitTransactionsAsync();
        List<int> committed = [];
        for (int round = 0; round < 6; round++)
        {
            await using Transaction transaction = producer.BeginTransaction();
            _ = transaction.ProduceAsync("t", Record(round, round % 3));
            int coordinator = 0;
            if (round is 2 or 4)
            {
                await producer.FlushAsync();
                coordinator = (await cluster.Client.Admin.Transactions.ListAsync()).Single(each => each.Id == "tx").Coordinator.Value;
                await cluster.KillNodeAsync(coordinator);
            }

            if (round == 4)
            {
                await transaction.AbortAsync();
            }
            else
            {
                await transaction.CommitAsync();
                committed.Add(round);
            }

            if (coordinator > 0)
            {
                await cluster.StartNodeAsync(coordinator);
            }
        }

        Assert.Equal(committed, (await ReadCommittedAsync(cluster.Client, "t", 3, committed.Count)).Order());
    }

    /// <summary>Reads, adds 1000, writes, and commits both in one transaction, while nodes are killed and members come and go.</summary>
    [Fact]
    public async Task Consume_transform_produce_gives_each_record_exactly_once_with_nodes_killed()
    {
        const int Count = 400;
        await using EmbeddedCluster cluster = await StartAsync(nodes: 3);
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "in", partitions: 2);
        await EmbeddedClusterTests.CreateAsync(cluster.Client, "out", partitions: 2);
        await EmbeddedClusterTests.ProduceAsync(cluster.Client, "in", 0, Count);

        Task<int> first = CopyAsync(cluster, "copier-1", Count);
        Task<int> second = CopyAsync(cluster, "copier-2", Count);
        foreach (int node in new[] { 1, 2 })
        {
            await Task.Delay(400);
            await cluster.KillNodeAsync(node);
            await Task.Delay(400);
            await cluster.StartNodeAsync(node);
        }

        await Task.WhenAll(first, second);

        Assert.Equal(Enumerable.Range(1000, Count), (await ReadCommittedAsync(cluster.Client, "out", 2, Count)).Order());
        Assert.All(await cluster.Client.Admin.Groups.OffsetsAsync("copy"), each => Assert.NotEqual(LeaderEpoch.None, each.Value.Epoch));
    }

    private static async Task<int> CopyAsync(EmbeddedCluster cluster, string id, int until)
    {
        int copied = 0;
        using KafkaCluster client = cluster.Connect();
        await using Consumer consumer = client.CreateConsumer(
            new ConsumerOptions
            {
                GroupId = "copy",
                OffsetReset = OffsetReset.Earliest,
                AutoCommit = false,
                ReadCommitted = true,
                SessionTimeout = TimeSpan.FromSeconds(6),
                HeartbeatInterval = TimeSpan.FromMilliseconds(300),
            }
        );
        consumer.Subscribe(["in"]);
        await using Producer producer = client.CreateProducer(new ProducerOptions { TransactionalId = id });
        await producer.InitTransactionsAsync();
        while (await CommittedAsync(client) < until)
        {
            using FetchedRecords? records = await consumer.ReadAsync(TimeSpan.FromMilliseconds(200));
            if (records is null)
            {
                continue;
            }

            await using Transaction transaction = producer.BeginTransaction();
            try
            {
                int count = 0;
                foreach (RecordView record in records)
                {
                    int value = int.Parse(Encoding.ASCII.GetString(record.Value.Span));
                    _ = transaction.ProduceAsync("out", Record(value + 1000, value % 2));
                    count++;
                }

                await transaction.SendOffsetsAsync(
                    consumer.GroupMetadata,
                    new SortedDictionary<TopicPartition, Offset> { [records.Partition] = records.Next }
                );
                await transaction.CommitAsync();
                copied += count;
            }
            catch (KafkaException e) when (!e.IsFatal)
            {
                // Whether it was committed or not, the group knows where to go on.
                if (e.NeedsAbort)
                {
                    await transaction.AbortAsync();
                }
                else
                {
                    await producer.InitTransactionsAsync();
                }

                IReadOnlyDictionary<TopicPartition, Offset> offsets = await consumer.CommittedAsync([records.Partition]);
                if (consumer.Assigned.Contains(records.Partition))
                {
                    Offset next = offsets[records.Partition];
                    consumer.Seek(records.Partition, next == Offset.None ? StartAt.Beginning : StartAt.Offset(next));
                }
            }
        }

        return copied;
    }

    private static async Task<long> CommittedAsync(KafkaCluster client)
    {
        IReadOnlyDictionary<TopicPartition, RaftLog.Client.Admin.GroupOffset> offsets = await client.Admin.Groups.OffsetsAsync("copy");
        return offsets.Values.Sum(each => each.Offset.Value);
    }

    private static Task<EmbeddedCluster> StartAsync(int nodes = 1) =>
        EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Nodes = nodes, Configuration = Quick });

    private static ProducerRecord Record(int value, int partition) =>
        new(null, Encoding.ASCII.GetBytes($"{value}")) { Partition = partition };

    private static SortedDictionary<TopicPartition, Offset> Offsets(int offset) =>
        new() { [new TopicPartition("t", 0)] = new Offset(offset) };

    /// <summary>Reads until as many values have come as there should be, and then until nothing more does.</summary>
    private static async Task<List<int>> ReadCommittedAsync(KafkaCluster client, string topic, int partitions, int count)
    {
        using Consumer consumer = client.CreateConsumer(new ConsumerOptions { ReadCommitted = true });
        consumer.Assign(Enumerable.Range(0, partitions).ToDictionary(p => new TopicPartition(topic, p), _ => StartAt.Beginning));
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
