using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Coordinators;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks;

/// <summary><c>coordinators</c>: groups, commits, transactions and end-to-end latency beside Kafka, with equal settings.</summary>
internal static class CoordinatorsCommand
{
    private const int Members = 200;
    private const int SharedPartitions = 1_000;
    private const int Leaves = 7;
    private const int CommittingGroups = 1_000;
    private const int KeptGroups = 5_000;
    private const int KeptPartitions = 10;

    /// <summary>KIP-848's least interval is lowered alike on both systems.</summary>
    private static readonly KeyValuePair<string, string>[] FastHeartbeats =
    [
        new("group.consumer.min.heartbeat.interval.ms", "100"),
        new("group.consumer.heartbeat.interval.ms", "100"),
    ];

    private static readonly KeyValuePair<string, string>[] OneCoordinator = [new("offsets.topic.num.partitions", "1")];

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<string[]> parts = new("--part")
        {
            Description = $"Only these: {string.Join(", ", Parts.Select(static part => part.Name))}.",
            DefaultValueFactory = _ => [.. Parts.Select(static part => part.Name)],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> alone = new("--raftlog-alone") { Description = "Measures RaftLog alone." };
        Option<string?> data = new("--data")
        {
            Description = "Where the systems keep their files; removed afterwards. A new folder under the temporary one by default.",
        };
        System.CommandLine.Command command = new(
            "coordinators",
            "Rebalances, commits, fails over and ends transactions; beside Apache Kafka from the folder that RAFTLOG_PEERS names."
        )
        {
            parts,
            alone,
            data,
        };
        command.SetAction(parsed => RunAsync(parsed.GetValue(parts)!, parsed.GetValue(alone), parsed.GetValue(data)));
        return command;
    }

    private static IReadOnlyList<Part> Parts =>
        [
            new("classic", new ClusterShape(1, 1), static cluster => Groups(cluster).RunAsync("classic", NewClassic)),
            new(
                "consumer",
                new ClusterShape(1, 1) { Further = FastHeartbeats },
                static cluster => Groups(cluster).RunAsync("consumer", NewConsumer)
            ),
            new("commits", new ClusterShape(3, 1), static cluster => new OffsetCommitLoad(cluster, CommittingGroups).RunAsync()),
            new(
                "failover",
                new ClusterShape(3, 1) { Further = OneCoordinator },
                static cluster => new CoordinatorFailover(cluster, KeptGroups, KeptPartitions).RunAsync()
            ),
            new("transactions", new ClusterShape(3, 1), static cluster => new TransactionLoad(cluster).RunAsync([1, 50])),
            new("latency", new ClusterShape(3, 1), static cluster => new EndToEndLatency(cluster, Peers.Folder!).RunAsync()),
        ];

    private static async Task<int> RunAsync(string[] names, bool alone, string? data)
    {
        if (Peers.Missing is { } missing)
        {
            Console.Error.WriteLine($"coordinators: {missing}");
            return 2;
        }

        if (names.FirstOrDefault(static name => Parts.All(part => part.Name != name)) is { } unknown)
        {
            Console.Error.WriteLine($"coordinators: there is no part '{unknown}'; see --help");
            return 2;
        }

        string root = data ?? Directory.CreateTempSubdirectory("raftlog-coordinators-").FullName;
        ISystem[] systems = alone ? [new RaftLogSystem()] : [new RaftLogSystem(), new KafkaSystem(Peers.Folder!)];
        Console.WriteLine($"{Machine.Describe()}; every append flushed on both");
        Console.WriteLine();
        Console.WriteLine($"| | {string.Join(" | ", systems.Select(static system => system.Name))} | ratio |");
        Console.WriteLine($"|---|{string.Concat(systems.Select(static _ => "---:|"))}---:|");
        foreach (Part part in Parts.Where(part => names.Contains(part.Name)))
        {
            List<IReadOnlyList<Figure>> columns = [];
            foreach (ISystem system in systems)
            {
                Console.Error.WriteLine($"{system.Name}: {part.Name}");
                await using IRunningCluster cluster = await system.StartAsync(Path.Combine(root, $"{system.Name}-{part.Name}"), part.Shape);
                columns.Add(await part.MeasureAsync(cluster));
            }

            Print(columns);
        }

        Directory.Delete(root, recursive: true);
        return 0;
    }

    private static Rebalances Groups(IRunningCluster cluster) => new(cluster, Members, SharedPartitions, Leaves);

    private static GroupMember NewClassic(WireClient wire, GroupWork work, int number, RebalanceWatch watch) =>
        new ClassicMember(wire, work, number, watch);

    private static GroupMember NewConsumer(WireClient wire, GroupWork work, int number, RebalanceWatch watch) =>
        new ConsumerMember(wire, work, number, watch);

    private static void Print(List<IReadOnlyList<Figure>> columns)
    {
        for (int row = 0; row < columns[0].Count; row++)
        {
            double[] values = [.. columns.Select(column => column[row].Value)];
            string ratio = (values[0] / values[^1]).ToString("0.00", CultureInfo.InvariantCulture);
            string cells = string.Join(" | ", values.Select(static value => value.ToString("0.##", CultureInfo.InvariantCulture)));
            Console.WriteLine($"| {columns[0][row].Name} | {cells} | {ratio} × |");
        }
    }

    private sealed record Part(string Name, ClusterShape Shape, Func<IRunningCluster, Task<IReadOnlyList<Figure>>> MeasureAsync);
}
