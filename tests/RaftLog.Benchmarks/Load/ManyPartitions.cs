using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;

namespace RaftLog.Benchmarks.Load;

/// <summary>One figure of a table.</summary>
/// <param name="Name">What was measured, with its unit.</param>
/// <param name="Value">The figure.</param>
internal sealed record Figure(string Name, double Value);

/// <summary>
/// The steps of <c>many-partitions</c> on one cluster. Both systems are driven by the same client, so its own time is in the figures of
/// both.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="partitions">How many partitions.</param>
internal sealed class ManyPartitions(IRunningCluster cluster, int partitions)
{
    /// <summary>
    /// Kafka 4.3.1 rejects a request of which 10,000 records come (POLICY_VIOLATION), so the partitions lie in several topics.
    /// </summary>
    private const int MostOfOneTopic = 5_000;

    private const string Small = "small";
    private const double MiB = 1 << 20;
    private const int Records = 2_000;
    private static readonly byte[] Value = new byte[100];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The topics, each with its number of partitions.</summary>
    private readonly (string Name, int Partitions)[] _topics =
    [
        .. Enumerable.Range(0, partitions).Chunk(MostOfOneTopic).Select(static (part, number) => ($"many-{number}", part.Length)),
    ];

    /// <summary>
    /// Creates the topics, one after the other, and writes to each of their partitions. Another client asks for a small topic all the time.
    /// </summary>
    public async Task<IReadOnlyList<Figure>> CreateAsync()
    {
        using KafkaCluster client = NewClient();
        (await client.Admin.CreateTopicsAsync([new NewTopic(Small) { Partitions = 1 }]))[0].ThrowIfFailed();
        using CancellationTokenSource served = new();
        Task<double> slowest = AskAsync(served.Token);
        long start = TimeProvider.System.GetTimestamp();
        foreach ((string topic, int count) in _topics)
        {
            (await client.Admin.CreateTopicsAsync([new NewTopic(topic) { Partitions = count }]))[0].ThrowIfFailed();
        }

        double created = Since(start);
        await WriteToAllAsync(client);
        double serving = Since(start);
        await served.CancelAsync();
        return
        [
            new($"CreateTopics of {partitions} partitions done, ms", created),
            new("until every partition has acknowledged a record, ms", serving),
            new("meanwhile, the slowest Metadata of another topic, ms", await slowest),
        ];
    }

    /// <summary>What the processes hold when all partitions were written to, and nothing happens.</summary>
    public async Task<IReadOnlyList<Figure>> RestAsync()
    {
        await Task.Delay(Idle);
        double before = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;
        long start = TimeProvider.System.GetTimestamp();
        await Task.Delay(Idle);
        ProcessUse use = ProcessUse.Of(cluster.ProcessIds);
        return
        [
            new("resident memory, all written to, MiB", use.ResidentBytes / MiB),
            new(
                "descriptors, all written to",
                cluster.ProcessIds.Sum(static id => Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Count())
            ),
            new("processor without load, % of one", (use.ProcessorSeconds - before) / (Since(start) / 1000) * 100),
        ];
    }

    /// <summary>Ends the processes and starts them again.</summary>
    public async Task<IReadOnlyList<Figure>> StopAndRestartAsync(Signal signal, string how)
    {
        Figure stopped = await StopAsync(signal, $"{how}, ms");
        long start = TimeProvider.System.GetTimestamp();
        await cluster.StartAgainAsync();
        double open = Since(start);
        using KafkaCluster client = NewClient();
        await WriteToAllAsync(client);
        return
        [
            stopped,
            new($"restart after {how}: port open, ms", open),
            new($"restart after {how}: until every partition has acknowledged a record, ms", Since(start)),
        ];
    }

    /// <summary>Ends the processes.</summary>
    public async Task<Figure> StopAsync(Signal signal, string name)
    {
        long start = TimeProvider.System.GetTimestamp();
        foreach (int id in cluster.ProcessIds)
        {
            Signals.Send(id, signal);
        }

        foreach (int id in cluster.ProcessIds)
        {
            while (ProcessUse.IsRunning(id))
            {
                await Task.Delay(Pause);
            }
        }

        return new Figure(name, Since(start));
    }

    /// <summary>One record after the other to one partition, with acks=all.</summary>
    public async Task<IReadOnlyList<Figure>> ProduceToOneAsync()
    {
        using KafkaCluster client = NewClient();
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = Patience, MaxBlock = Patience });
        List<double> latencies = [];
        for (int i = 0; i < Records; i++)
        {
            long start = TimeProvider.System.GetTimestamp();
            await producer.ProduceAsync(_topics[0].Name, new ProducerRecord(null, Value) { Partition = 0 });
            latencies.Add(Since(start));
        }

        latencies.Sort();
        return
        [
            new($"three nodes, {Of()}: acks=all to one, p50, ms", latencies[latencies.Count / 2]),
            new($"three nodes, {Of()}: acks=all to one, p99, ms", latencies[latencies.Count * 99 / 100]),
        ];
    }

    private static double Since(long start) => TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;

    private string Of() => partitions > 1000 ? "many partitions" : $"{partitions} partitions";

    private KafkaCluster NewClient() => cluster.NewClient(Patience);

    private async Task WriteToAllAsync(KafkaCluster client)
    {
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = Patience, MaxBlock = Patience });
        List<Task<ProduceResult>> written = new(partitions);
        foreach ((string topic, int count) in _topics)
        {
            for (int i = 0; i < count; i++)
            {
                written.Add(producer.ProduceAsync(topic, new ProducerRecord(null, Value) { Partition = i }).AsTask());
            }
        }

        await Task.WhenAll(written);
    }

    private async Task<double> AskAsync(CancellationToken end)
    {
        using KafkaCluster client = NewClient();
        await client.Admin.DescribeTopicsAsync([Small]);
        double slowest = 0;
        while (!end.IsCancellationRequested)
        {
            long start = TimeProvider.System.GetTimestamp();
            await client.Admin.DescribeTopicsAsync([Small], CancellationToken.None);
            slowest = Math.Max(slowest, Since(start));
            await Task.Delay(Pause, CancellationToken.None);
        }

        return slowest;
    }
}
