using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Testing.Tests;

/// <summary>
/// What records of bytes cost in managed memory once everything has grown: all of the process, so client and broker together. No other
/// test runs beside these.
/// </summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const int Round = 100_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly byte[] Value = new byte[10];
    private readonly string _folder = Directory.CreateTempSubdirectory("raftlog-allocations-").FullName;
    private EmbeddedCluster? _cluster;

    public async Task InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                // A log in memory would be counted, too.
                Folder = _folder,
                Configuration = new SortedDictionary<string, string> { ["log.flush.interval.messages"] = $"{long.MaxValue}" },
            }
        );
        await EmbeddedClusterTests.CreateAsync(_cluster.Client, Topic, partitions: 1);
    }

    public async Task DisposeAsync()
    {
        await _cluster!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public Task A_record_of_bytes_that_is_produced_allocates_nothing_in_the_long_run() =>
        WithProducerAsync(producer => MustSettleAsync("producing", () => ProduceAsync(producer)));

    [Fact]
    public async Task A_record_of_bytes_that_is_read_allocates_nothing_in_the_long_run()
    {
        await WithProducerAsync(ProduceAsync);
        using Consumer consumer = _cluster!.Client.CreateConsumer();
        await MustSettleAsync("reading", () => ReadAsync(consumer));
    }

    /// <summary>A request a record: what both sides allocate for one.</summary>
    [Fact]
    public async Task A_record_that_is_awaited_alone_allocates_little_more_than_its_request_and_response()
    {
        const int Records = 4000;
        const double MostBytes = 2000;
        await using Producer producer = _cluster!.Client.CreateProducer();
        ProducerRecord record = new(null, new byte[100]);
        await AwaitEachAsync(producer, record, Records);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await AwaitEachAsync(producer, record, Records);
        double each = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Records;
        Assert.True(each < MostBytes, $"a record that is awaited allocates {each:0} bytes");
    }

    private static async Task AwaitEachAsync(Producer producer, ProducerRecord record, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await producer.ProduceAsync(Topic, record);
        }
    }

    /// <summary>
    /// An object a record would be 24 bytes at least. Requests cost something, and buffers grow in the first rounds, as many as are ever in
    /// use at once, which are more on a machine that does other work: less than half an object a record is left in the best round.
    /// </summary>
    private static async Task MustSettleAsync(string what, Func<Task> round)
    {
        const int MostRounds = 30;
        const double MostBytes = 12;
        double least = double.MaxValue;
        for (int i = 0; i < MostRounds && least >= MostBytes; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await round();
            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Round);
        }

        Assert.True(least < MostBytes, $"{what} allocates {least:0.00} bytes a record");
    }

    private async Task WithProducerAsync(Func<Producer, Task> work)
    {
        await using Producer producer = _cluster!.Client.CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(5) });
        await work(producer);
    }

    private static async Task ProduceAsync(Producer producer)
    {
        ProducerRecord record = new(null, Value);
        for (int i = 0; i < Round; i++)
        {
            await producer.EnqueueAsync(Topic, record);
        }

        await producer.FlushAsync();
    }

    private static async Task ReadAsync(Consumer consumer)
    {
        consumer.Assign(new TopicPartition(Topic, 0), StartAt.Beginning);
        int read = 0;
        while (read < Round)
        {
            using FetchedRecords? records = await consumer.ReadAsync(Patience);
            foreach (RecordView record in records ?? throw new TimeoutException($"{read} records came within {Patience}"))
            {
                read += record.Value.IsNull ? 0 : 1;
            }
        }
    }

    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public sealed class Alone;
}
