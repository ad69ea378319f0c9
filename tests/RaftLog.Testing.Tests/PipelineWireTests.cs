using System.Globalization;
using System.Text;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Testing.Tests;

/// <summary>
/// A program that reads as a member of a group, writes in transactions and commits what it has read with them, against a real broker, whose
/// connections end behind every so many bytes of every request and response that this takes: each record has its one record, in order.
/// </summary>
[Trait("Category", "Slow")]
public sealed class PipelineWireTests : IAsyncLifetime
{
    private const int Records = 8;
    private const int Stride = 13;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private EmbeddedCluster? _cluster;

    public async Task InitializeAsync() =>
        _cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Nodes = 1,
                Configuration = new SortedDictionary<string, string>
                {
                    ["transaction.state.log.num.partitions"] = "1",
                    ["offsets.topic.num.partitions"] = "1",
                    ["group.initial.rebalance.delay.ms"] = "0",
                    ["group.min.session.timeout.ms"] = "100",
                    ["group.consumer.min.heartbeat.interval.ms"] = "50",
                    ["group.consumer.heartbeat.interval.ms"] = "50",
                    ["group.consumer.min.session.timeout.ms"] = "500",
                    ["group.consumer.session.timeout.ms"] = "1000",
                },
            }
        );

    public async Task DisposeAsync() => await _cluster!.DisposeAsync();

    [Theory]
    [InlineData(GroupProtocol.Classic, false, 2400)]
    [InlineData(GroupProtocol.Classic, true, 2600)]
    [InlineData(GroupProtocol.Consumer, false, 2000)]
    [InlineData(GroupProtocol.Consumer, true, 2200)]
    public async Task A_pipeline_whose_connections_are_cut_makes_each_record_once(GroupProtocol protocol, bool received, int bytes)
    {
        int hit = 0;
        for (int at = 0; at < bytes; at += Stride)
        {
            string name = $"{protocol}-{received}-{at}";
            await EmbeddedClusterTests.CreateAsync(_cluster!.Client, $"in-{name}", partitions: 1);
            await EmbeddedClusterTests.CreateAsync(_cluster.Client, $"out-{name}", partitions: 1);
            await using (Producer filler = _cluster.Client.CreateProducer(new ProducerOptions()))
            {
                for (int i = 0; i < Records; i++)
                {
                    await filler.ProduceAsync($"in-{name}", Record(i));
                }
            }

            ClientWorld real = ClientWorld.Real();
            CuttingNetwork network = new(real.Network, new Waiters(TimeProvider.System));
            using KafkaCluster cluster = new(
                new ClientOptions { BootstrapServers = ClientOptions.ParseServers(_cluster.BootstrapServers) },
                real with
                {
                    Network = network,
                }
            );
            network.Arm(at, received, cuts: 3);
            using CancellationTokenSource patience = new(Patience);
            await new Pipeline(cluster, name, protocol).RunAsync(patience.Token);
            hit += network.Cuts < 3 ? 1 : 0;

            Assert.Equal(Enumerable.Range(0, Records), await ReadAllAsync($"out-{name}"));
            await using Consumer committed = _cluster.Client.CreateConsumer(new ConsumerOptions { GroupId = $"group-{name}" });
            TopicPartition input = new($"in-{name}", 0);
            Assert.Equal(new Offset(Records), (await committed.CommittedAsync([input]))[input]);
        }

        Assert.True(hit > bytes / Stride / 2, $"only {hit} of {bytes / Stride} places were cut");
    }

    private async Task<List<int>> ReadAllAsync(string topic)
    {
        using Consumer reader = _cluster!.Client.CreateConsumer(new ConsumerOptions { ReadCommitted = true });
        TopicPartition partition = new(topic, 0);
        reader.Assign(partition, StartAt.Beginning);
        List<int> read = [];
        while (read.Count < Records)
        {
            using FetchedRecords? records = await reader.ReadAsync(TimeSpan.FromSeconds(10));
            Assert.True(records is not null, $"only {read.Count} records in {topic}");
            foreach (RecordView record in records)
            {
                read.Add(ValueOf(record));
            }
        }

        using FetchedRecords? more = await reader.ReadAsync(TimeSpan.FromMilliseconds(20));
        Assert.Null(more);
        return read;
    }

    private static int ValueOf(RecordView record) => int.Parse(Encoding.ASCII.GetString(record.Value.Span), CultureInfo.InvariantCulture);

    private static ProducerRecord Record(int value) => new(null, Encoding.ASCII.GetBytes($"{value}")) { Partition = 0 };

    /// <summary>Begins with a new producer and a new member after what these cannot go on after, as programs do.</summary>
    private sealed class Pipeline(KafkaCluster cluster, string name, GroupProtocol protocol)
    {
        private int _done;

        public async Task RunAsync(CancellationToken cancel)
        {
            while (_done < Records)
            {
                cancel.ThrowIfCancellationRequested();
                try
                {
                    await LiveAsync(cancel);
                }
                catch (KafkaException)
                {
                    await Task.Delay(10, cancel);
                }
            }
        }

        private async Task LiveAsync(CancellationToken cancel)
        {
            await using Producer producer = cluster.CreateProducer(new ProducerOptions { TransactionalId = $"tx-{name}" });
            await producer.InitTransactionsAsync(cancel);
            await using Consumer consumer = cluster.CreateConsumer(
                new ConsumerOptions
                {
                    GroupId = $"group-{name}",
                    GroupProtocol = protocol,
                    AutoCommit = false,
                    OffsetReset = OffsetReset.Earliest,
                    MaxWait = TimeSpan.FromMilliseconds(50),
                    SessionTimeout = TimeSpan.FromSeconds(1),
                    HeartbeatInterval = TimeSpan.FromMilliseconds(50),

                    // A record or two of the input in each transaction.
                    MaxPartitionBytes = 150,
                }
            );
            consumer.Subscribe([$"in-{name}"]);
            while (_done < Records)
            {
                cancel.ThrowIfCancellationRequested();
                using FetchedRecords? records = await consumer.ReadAsync(TimeSpan.FromSeconds(1), cancel);
                if (records is not null)
                {
                    await TransformAsync(producer, consumer, records, cancel);
                }
            }
        }

        private async Task TransformAsync(Producer producer, Consumer consumer, FetchedRecords records, CancellationToken cancel)
        {
            await using Transaction transaction = producer.BeginTransaction();
            foreach (RecordView record in records)
            {
                _ = IgnoreAsync(transaction.ProduceAsync($"out-{name}", Record(ValueOf(record)), cancel));
            }

            await transaction.SendOffsetsAsync(
                consumer.GroupMetadata,
                new Dictionary<TopicPartition, Offset> { [records.Partition] = records.Next },
                cancel
            );
            await transaction.CommitAsync(cancel);
            _done = (int)records.Next.Value;
        }

        /// <summary>The commit says what became of it.</summary>
        private static async Task IgnoreAsync(ValueTask<ProduceResult> produced)
        {
            try
            {
                await produced;
            }
            catch (Exception e) when (e is KafkaException or OperationCanceledException)
            {
                return;
            }
        }
    }
}
