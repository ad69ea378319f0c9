using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Testing.Tests;

public class EmbeddedClusterTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(3, true)]
    [InlineData(3, false)]
    public async Task What_is_produced_is_consumed(int nodes, bool sockets)
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions { Nodes = nodes, Sockets = sockets }
        );
        await CreateAsync(cluster.Client, "t", partitions: 3);

        await ProduceAsync(cluster.Client, "t", 0, 100);

        Assert.Equal(Enumerable.Range(0, 100), (await ReadAsync(cluster.Client, "t", 3, 100)).Order());
        Assert.Equal(nodes, (await cluster.Client.Admin.DescribeClusterAsync()).Brokers.Count);
    }

    [Fact]
    public async Task A_caller_on_whose_thread_a_record_leaves_gets_the_thread_back_though_callbacks_produce_on()
    {
        const int InChain = 2_000;
        const int MostChains = 1_000;
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Nodes = 1, Sockets = true });
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions { Acks = Acks.None });
        await producer.ProduceAsync("t", new ProducerRecord(null, "first"u8.ToArray()));

        // Whether the caller's thread is lent depends on what the loop is doing; that happens to be nothing in one chain or another.
        int inCall = 0;
        for (int chain = 0; inCall == 0; chain++)
        {
            Assert.True(chain < MostChains, "no record has left on its caller's thread");
            inCall = await Task.Run(ChainAsync);
        }

        Assert.InRange(inCall, 1, InChain / 10);

        async Task<int> ChainAsync()
        {
            int caller = Environment.CurrentManagedThreadId;
            bool hasReturned = false;
            int told = 0;
            int toldInCall = 0;
            TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Produce();
            hasReturned = true;
            await ended.Task;
            return toldInCall;

            void Produce() => producer.Produce("t", new ProducerRecord(null, "next"u8.ToArray()), Told);

            void Told(ProduceResult result, Exception? failure)
            {
                toldInCall += Environment.CurrentManagedThreadId == caller && !hasReturned ? 1 : 0;
                if (++told == InChain || failure is not null)
                {
                    ended.SetResult();
                }
                else
                {
                    Produce();
                }
            }
        }
    }

    [Trait("Category", "Slow")]
    [Fact]
    public async Task A_broker_that_dies_soon_after_a_change_of_controller_is_fenced_at_once()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Nodes = 5,
                Sockets = false,
                Configuration = new SortedDictionary<string, string>(StringComparer.Ordinal)
                {
                    ["broker.heartbeat.interval.ms"] = "30000",
                    ["broker.session.timeout.ms"] = "60000",
                },
            }
        );
        int first = (await cluster.Client.Admin.DescribeQuorumAsync()).Leader.Value;
        await cluster.KillNodeAsync(first);
        int second = first;
        while (second == first)
        {
            second = (await cluster.Client.Admin.DescribeQuorumAsync()).Leader.Value;
        }

        // Longer than what the new controller does of itself to find out who is there.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Task killed = cluster.KillNodeAsync(cluster.Nodes.First(node => node != first && node != second));
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        while ((await cluster.Client.Admin.DescribeClusterAsync(limit.Token)).Brokers.Count > 3)
        {
            await Task.Delay(20, limit.Token);
        }

        await killed;
    }

    [Fact]
    public async Task The_loop_that_sends_never_runs_in_the_context_of_a_caller()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer(new ProducerOptions());

        // The first record waits for metadata, in its caller's context as any asynchronous method.
        await producer.ProduceAsync("t", new ProducerRecord(null, new byte[10]));
        CountingContext context = new();
        for (int i = 0; i < 20; i++)
        {
            SynchronizationContext? before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(context);
            Task<ProduceResult> produced = producer.ProduceAsync("t", new ProducerRecord(null, new byte[10])).AsTask();
            SynchronizationContext.SetSynchronizationContext(before);
            await produced;
        }

        Assert.Equal(0, context.Posts);
    }

    private sealed class CountingContext : SynchronizationContext
    {
        private int _posts;

        public int Posts => Volatile.Read(ref _posts);

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posts);
            base.Post(d, state);
        }
    }

    [Fact]
    public async Task Clusters_share_nothing_and_run_side_by_side()
    {
        EmbeddedCluster[] clusters = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => EmbeddedCluster.StartAsync()));

        foreach (EmbeddedCluster cluster in clusters)
        {
            await CreateAsync(cluster.Client, "t", partitions: 1);
            await ProduceAsync(cluster.Client, "t", 0, 5);
            Assert.Equal(5, (await ReadAsync(cluster.Client, "t", 1, 5)).Count);
        }

        Assert.Equal(4, clusters.Select(cluster => cluster.BootstrapServers).Distinct().Count());
        foreach (EmbeddedCluster cluster in clusters)
        {
            await cluster.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_folder_keeps_the_data_of_a_cluster_for_the_next()
    {
        string folder = Directory.CreateTempSubdirectory("raftlog-testing-").FullName;
        try
        {
            await using (EmbeddedCluster first = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Folder = folder }))
            {
                await CreateAsync(first.Client, "t", partitions: 1);
                await ProduceAsync(first.Client, "t", 0, 10);
            }

            await using EmbeddedCluster second = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Folder = folder });

            Assert.Equal(Enumerable.Range(0, 10), await ReadAsync(second.Client, "t", 1, 10));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Trait("Category", "Slow")]
    [Fact]
    public async Task The_others_go_on_when_a_node_is_killed_and_it_comes_back_with_its_data()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Nodes = 3,
                Configuration = new SortedDictionary<string, string> { ["min.insync.replicas"] = "2" },
            }
        );
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await ProduceAsync(cluster.Client, "t", 0, 10);
        TopicDescription topic = (await cluster.Client.Admin.DescribeTopicsAsync(["t"]))[0];
        int leader = topic.Partitions[0].Leader.Value;

        await cluster.KillNodeAsync(leader);
        await ProduceAsync(cluster.Client, "t", 10, 10);
        await cluster.StartNodeAsync(leader);

        Assert.Equal(Enumerable.Range(0, 20), await ReadAsync(cluster.Client, "t", 1, 20));
    }

    [Fact]
    public async Task A_node_that_is_cut_off_is_reached_again_when_it_heals()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await ProduceAsync(cluster.Client, "t", 0, 1);

        cluster.CutOff(1);
        using KafkaCluster hasty = cluster.Connect(options => options with { CallTimeout = TimeSpan.FromMilliseconds(300) });
        KafkaException unreachable = await Assert.ThrowsAsync<KafkaException>(async () => await hasty.Admin.DescribeClusterAsync());
        cluster.Heal(1);

        Assert.Equal(ErrorCode.NetworkException, unreachable.Code);
        await ProduceAsync(cluster.Client, "t", 1, 1);
        Assert.Equal([0, 1], await ReadAsync(cluster.Client, "t", 1, 2));
    }

    [Theory]
    [InlineData(RequestFault.LoseRequest)]
    [InlineData(RequestFault.LoseResponse)]
    public async Task A_request_that_is_made_to_fail_fails_once(RequestFault fault)
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await using Producer careless = cluster.Client.CreateProducer(new ProducerOptions { Acks = Acks.Leader, Idempotence = false });
        await careless.ProduceAsync("t", new ProducerRecord(null, "0"u8.ToArray()));

        cluster.FailNext(ApiKey.Produce, fault);
        await careless.ProduceAsync("t", new ProducerRecord(null, "1"u8.ToArray()));

        // Without idempotence a retry repeats what was done before its response was lost.
        int[] expected = fault == RequestFault.LoseRequest ? [0, 1] : [0, 1, 1];
        Assert.Equal(expected, await ReadAsync(cluster.Client, "t", 1, expected.Length));
        cluster.FailNext(ApiKey.Produce, fault);
        await ProduceAsync(cluster.Client, "t", 2, 1);
        Assert.Equal([.. expected, 2], await ReadAsync(cluster.Client, "t", 1, expected.Length + 1));
    }

    [Fact]
    public async Task It_ends_in_time_though_the_clock_of_its_nodes_stands_still()
    {
        StoppableTime time = new();
        EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Nodes = 3,
                Time = time,
                StopTimeout = TimeSpan.FromMilliseconds(300),
            }
        );
        await CreateAsync(cluster.Client, "t", partitions: 3);

        time.Stop();
        long start = TimeProvider.System.GetTimestamp();
        await cluster.DisposeAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    /// <summary>It waits for nothing but work: no election timeout, no retry, no heartbeat.</summary>
    [Fact]
    public async Task One_node_is_ready_though_the_clock_stands_still()
    {
        StoppableTime time = new();
        time.Stop();

        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions { Time = time, StopTimeout = TimeSpan.FromMilliseconds(300) }
        );

        Assert.Equal([1], cluster.Nodes);
    }

    [Fact]
    public async Task A_cluster_that_cannot_be_ready_says_so()
    {
        StoppableTime time = new();
        time.Stop();

        TimeoutException late = await Assert.ThrowsAsync<TimeoutException>(() =>
            EmbeddedCluster.StartAsync(
                new EmbeddedClusterOptions
                {
                    Nodes = 3,
                    Time = time,
                    StartTimeout = TimeSpan.FromMilliseconds(300),
                    StopTimeout = TimeSpan.FromMilliseconds(300),
                }
            )
        );

        Assert.Contains("was not ready within 0.3 s", late.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", 100)]
    [InlineData("9223372036854775807", 0)]
    public async Task A_loss_of_power_takes_what_was_not_flushed_and_nothing_else(string flushEvery, int left)
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                NotesFlushes = true,
                Configuration = new SortedDictionary<string, string> { ["log.flush.interval.messages"] = flushEvery },
            }
        );
        await CreateAsync(cluster.Client, "t", partitions: 1);
        await ProduceAsync(cluster.Client, "t", 0, 100);

        await cluster.KillNodeAsync(1, losesUnflushed: true);
        await cluster.StartNodeAsync(1);

        using Consumer consumer = cluster.Client.CreateConsumer();
        consumer.Assign(new TopicPartition("t", 0), StartAt.End);
        using FetchedRecords? none = await consumer.ReadAsync(TimeSpan.FromSeconds(2));
        Assert.Null(none);
        Assert.Equal(new Offset(left), consumer.Position(new TopicPartition("t", 0)));
    }

    [Fact]
    public async Task A_configuration_that_is_wrong_names_the_key()
    {
        Exception wrong = await Assert.ThrowsAnyAsync<Exception>(() =>
            EmbeddedCluster.StartAsync(
                new EmbeddedClusterOptions { Configuration = new SortedDictionary<string, string> { ["min.insync.replicas"] = "many" } }
            )
        );

        Assert.Contains("min.insync.replicas", wrong.Message, StringComparison.Ordinal);
    }

    internal static async Task CreateAsync(KafkaCluster client, string topic, int partitions)
    {
        foreach (ItemResult<string> result in await client.Admin.CreateTopicsAsync([new NewTopic(topic) { Partitions = partitions }]))
        {
            result.ThrowIfFailed();
        }
    }

    internal static async Task ProduceAsync(KafkaCluster client, string topic, int first, int count)
    {
        await using Producer producer = client.CreateProducer();
        for (int i = first; i < first + count; i++)
        {
            _ = producer.ProduceAsync(topic, new ProducerRecord(null, Encoding.ASCII.GetBytes($"{i}")));
        }

        await producer.FlushAsync();
    }

    internal static async Task<List<int>> ReadAsync(KafkaCluster client, string topic, int partitions, int count)
    {
        using Consumer consumer = client.CreateConsumer();
        consumer.Assign(Enumerable.Range(0, partitions).ToDictionary(p => new TopicPartition(topic, p), _ => StartAt.Beginning));
        List<int> values = [];
        while (values.Count < count)
        {
            using FetchedRecords? records = await consumer.ReadAsync(TimeSpan.FromSeconds(20));
            Assert.NotNull(records);
            foreach (RecordView record in records)
            {
                values.Add(int.Parse(Encoding.ASCII.GetString(record.Value.Span)));
            }
        }

        return values;
    }
}
