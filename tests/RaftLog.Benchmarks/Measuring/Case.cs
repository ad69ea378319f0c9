using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks.Measuring;

/// <summary>One way of using a cluster, measured alike on each system.</summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="Shape">The cluster.</param>
/// <param name="Acks">The producer's <c>acks</c>.</param>
internal sealed record Case(string Name, ClusterShape Shape, string Acks)
{
    /// <summary>The bytes of a record's value.</summary>
    public const int RecordBytes = 1024;

    private const int Partitions = 6;
    private const int WarmUpRecords = 50_000;
    private const int PacedRate = 5_000;
    private const int PacedSeconds = 10;
    private const double MiB = 1 << 20;
    private const double GiB = 1 << 30;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>The cases of the comparison.</summary>
    public static IReadOnlyList<Case> All { get; } =
    [
        new("one", new ClusterShape(1, ClusterShape.NeverFlush), "1"),
        new("one-flushed", new ClusterShape(1, 1), "1"),
        new("three", new ClusterShape(3, ClusterShape.NeverFlush), "all"),
        new("three-flushed", new ClusterShape(3, 1), "all"),
    ];

    /// <summary>The case in words.</summary>
    public string Words =>
        $"{Shape.Nodes} node{(Shape.Nodes == 1 ? "" : "s")}, acks={Acks}, "
        + $"{(Shape.FlushInterval == 1 ? "every record flushed" : "flushing left to the system")}";

    /// <summary>Starts a system, loads it and ends it.</summary>
    /// <param name="system">What to measure.</param>
    /// <param name="directory">Where it keeps its files; empty.</param>
    /// <param name="records">How many records are produced and consumed.</param>
    /// <param name="perf">The producer.</param>
    public async Task<CaseFigures> MeasureAsync(ISystem system, string directory, long records, ProducerPerf perf)
    {
        await using IRunningCluster cluster = await system.StartAsync(directory, Shape);
        string[] topics = ["warm-up", "paced", "full"];
        foreach (string topic in topics)
        {
            (
                await Command.RunAsync(
                    Repository.RaftLog,
                    [
                        "topic",
                        "create",
                        topic,
                        "--partitions",
                        $"{Partitions}",
                        "--replication-factor",
                        Shape.Nodes < 3 ? "1" : "3",
                        "--bootstrap-server",
                        cluster.Bootstrap,
                    ]
                )
            ).Succeeded();
        }

        await Task.Delay(Settling);
        double idle = ResidentOfANode(cluster);
        await perf.RunAsync(cluster.Bootstrap, "warm-up", WarmUpRecords, RecordBytes, Acks);
        await KcatConsumer.RunAsync(cluster.Bootstrap, "warm-up", WarmUpRecords * (RecordBytes + 1L));

        (long All, long Stolen) before = Machine.Ticks();
        double gib = records * RecordBytes / GiB;
        double start = Processor(cluster);
        ProduceFigures produce = await perf.RunAsync(cluster.Bootstrap, "full", records, RecordBytes, Acks);
        double produced = Processor(cluster);
        double loaded = ResidentOfANode(cluster);
        TimeSpan consume = await KcatConsumer.RunAsync(cluster.Bootstrap, "full", records * (RecordBytes + 1L));
        double consumed = Processor(cluster);
        ProduceFigures paced = await perf.RunAsync(cluster.Bootstrap, "paced", PacedRate * PacedSeconds, RecordBytes, Acks, PacedRate);
        (long All, long Stolen) after = Machine.Ticks();

        return new CaseFigures(
            produce,
            paced,
            (produced - start) / gib,
            records * RecordBytes / MiB / consume.TotalSeconds,
            (consumed - produced) / gib,
            idle,
            Math.Max(loaded, ResidentOfANode(cluster)),
            (after.Stolen - before.Stolen) / (double)(after.All - before.All)
        );
    }

    private static double Processor(IRunningCluster cluster) => ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;

    private static double ResidentOfANode(IRunningCluster cluster) =>
        ProcessUse.Of(cluster.ProcessIds).ResidentBytes / MiB / cluster.ProcessIds.Count;
}
