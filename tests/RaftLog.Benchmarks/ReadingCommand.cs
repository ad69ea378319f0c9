using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Reports;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>reading</c>: what a node gives those who read, beside Apache Kafka: a raw loop, kcat, many consumers at once, and clients that never
/// read.
/// </summary>
internal static class ReadingCommand
{
    private const string Topic = "reading";
    private const string Paced = "paced";
    private const int Partitions = 6;
    private const int FetchBytes = 4 << 20;
    private const int GreedyBytes = 50 << 20;
    private const int PacedRate = 5_000;
    private const int PacedSeconds = 10;

    /// <summary>How often one connection reads all in a round: it takes half a second, in which little else must happen.</summary>
    private const int Reads = 5;
    private const double MiB = 1 << 20;
    private const double GiB = 1 << 30;

    private static readonly string[] Parts = ["raw", "kcat", "three", "many", "greedy"];

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<long> records = new("--records")
        {
            Description = "Records of 1 KiB in the topic; the tables of docs/benchmarks.md take 1000000.",
            DefaultValueFactory = _ => 300_000,
        };
        Option<int> readers = new("--readers")
        {
            Description = "Consumers that each read the whole topic at once.",
            DefaultValueFactory = _ => 10,
        };
        Option<int> greedy = new("--greedy")
        {
            Description = "Clients that ask for 50 MiB and never read.",
            DefaultValueFactory = _ => 500,
        };
        Option<int> rounds = new("--rounds")
        {
            Description = "How often each system is measured, in turn; the best counts.",
            DefaultValueFactory = _ => 2,
        };
        Option<string[]> parts = new("--part")
        {
            Description = $"Only these: {string.Join(", ", Parts)}.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> alone = new("--raftlog-alone") { Description = "Measures RaftLog alone." };
        System.CommandLine.Command command = new("reading", "Compares reading with Apache Kafka from the folder that RAFTLOG_PEERS names.")
        {
            records,
            readers,
            greedy,
            rounds,
            parts,
            alone,
        };
        command.SetAction(parsed =>
            RunAsync(
                new Plan(
                    parsed.GetValue(records),
                    parsed.GetValue(readers),
                    parsed.GetValue(greedy),
                    [.. (parsed.GetValue(parts) is { Length: > 0 } some ? some : Parts).Order(StringComparer.Ordinal)]
                ),
                parsed.GetValue(rounds),
                parsed.GetValue(alone)
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(Plan plan, int rounds, bool alone)
    {
        if (Peers.Missing is { } missing)
        {
            Console.Error.WriteLine($"reading: {missing}");
            return 2;
        }

        if (plan.Parts.FirstOrDefault(part => !Parts.Contains(part)) is { } unknown)
        {
            Console.Error.WriteLine($"reading: there is no part '{unknown}'; the parts are {string.Join(", ", Parts)}");
            return 2;
        }

        Console.WriteLine($"{Machine.Describe()}; {plan.Records} records of {Case.RecordBytes} bytes, {rounds} rounds");
        ISystem[] systems = alone ? [new RaftLogSystem()] : [new KafkaSystem(Peers.Folder!), new RaftLogSystem()];
        ProducerPerf perf = new(Peers.Folder!);
        string root = Directory.CreateTempSubdirectory("raftlog-reading-").FullName;
        ReadingFigures figures = new();
        for (int round = 0; round < rounds; round++)
        {
            foreach (ISystem system in systems)
            {
                if (plan.Parts.Any(static part => part != "three"))
                {
                    Console.Error.WriteLine($"one node of {system.Name}, round {round + 1} of {rounds}");
                    await MeasureAsync(system, Path.Combine(root, $"one-{system.Name}-{round}"), 1, plan, perf, figures);
                }

                if (plan.Parts.Contains("three"))
                {
                    Console.Error.WriteLine($"three nodes of {system.Name}, round {round + 1} of {rounds}");
                    await MeasureAsync(system, Path.Combine(root, $"three-{system.Name}-{round}"), 3, plan, perf, figures);
                }
            }
        }

        Directory.Delete(root, recursive: true);
        Console.WriteLine(figures.Table([.. systems.Select(static each => each.Name)]));
        return 0;
    }

    private static async Task MeasureAsync(
        ISystem system,
        string directory,
        int nodes,
        Plan plan,
        ProducerPerf perf,
        ReadingFigures figures
    )
    {
        await using (IRunningCluster cluster = await system.StartAsync(directory, new ClusterShape(nodes, ClusterShape.NeverFlush)))
        {
            foreach (string topic in new[] { Topic, Paced })
            {
                (
                    await TestKit.Command.RunAsync(
                        Repository.RaftLog,
                        [
                            "topic",
                            "create",
                            topic,
                            "--partitions",
                            $"{Partitions}",
                            "--replication-factor",
                            $"{nodes}",
                            "--bootstrap-server",
                            cluster.Bootstrap,
                        ]
                    )
                ).Succeeded();
            }

            await perf.RunAsync(cluster.Bootstrap, Topic, plan.Records, Case.RecordBytes, "1");
            if (nodes == 3)
            {
                await KcatAsync(system, cluster, "three nodes: ", plan, figures);
            }
            else
            {
                foreach (string part in plan.Parts)
                {
                    await (
                        part switch
                        {
                            "raw" => RawAsync(system, cluster, plan, figures),
                            "kcat" => KcatAsync(system, cluster, "", plan, figures),
                            "many" => ManyAsync(system, cluster, plan, figures),
                            "greedy" => GreedyAsync(system, cluster, plan, perf, figures),
                            _ => Task.CompletedTask,
                        }
                    );
                }
            }
        }

        Directory.Delete(directory, recursive: true);
    }

    private static async Task RawAsync(ISystem system, IRunningCluster cluster, Plan plan, ReadingFigures figures)
    {
        for (int read = 0; read < Reads; read++)
        {
            double before = Processor(cluster);
            (double rate, double gib) = await ReadAllAsync(cluster, plan, readers: 1);
            figures.Add("raw loop, MB/s", system.Name, rate, isMoreBetter: true);
            figures.Add("raw loop, nodes' processor seconds a GiB", system.Name, (Processor(cluster) - before) / gib, isMoreBetter: false);
        }
    }

    private static async Task KcatAsync(ISystem system, IRunningCluster cluster, string where, Plan plan, ReadingFigures figures)
    {
        double before = Processor(cluster);
        TimeSpan took = await KcatConsumer.RunAsync(cluster.Bootstrap, Topic, plan.Records * (Case.RecordBytes + 1L));
        double bytes = plan.Records * (double)Case.RecordBytes;
        figures.Add($"{where}kcat, MB/s", system.Name, bytes / 1e6 / took.TotalSeconds, isMoreBetter: true);
        figures.Add(
            $"{where}kcat, nodes' processor seconds a GiB",
            system.Name,
            (Processor(cluster) - before) / (bytes / GiB),
            isMoreBetter: false
        );
    }

    private static async Task ManyAsync(ISystem system, IRunningCluster cluster, Plan plan, ReadingFigures figures)
    {
        ProcessUse.ForgetPeak(cluster.ProcessIds);
        (double rate, _) = await ReadAllAsync(cluster, plan, plan.Readers);
        figures.Add($"{plan.Readers} consumers at once, MB/s together", system.Name, rate, isMoreBetter: true);
        figures.Add(
            $"{plan.Readers} consumers at once, peak resident memory, MiB",
            system.Name,
            ProcessUse.PeakBytes(cluster.ProcessIds) / MiB,
            isMoreBetter: false
        );
    }

    private static async Task GreedyAsync(ISystem system, IRunningCluster cluster, Plan plan, ProducerPerf perf, ReadingFigures figures)
    {
        await PaceAsync("without greedy clients");
        ProcessUse.ForgetPeak(cluster.ProcessIds);
        await using GreedyClients greedy = new(plan.Greedy, () => new RawReader(cluster.Bootstrap, Topic, Partitions, GreedyBytes));
        await PaceAsync($"with {plan.Greedy} greedy clients");
        figures.Add(
            $"with {plan.Greedy} greedy clients: peak resident memory, MiB",
            system.Name,
            ProcessUse.PeakBytes(cluster.ProcessIds) / MiB,
            isMoreBetter: false
        );
        figures.Add($"with {plan.Greedy} greedy clients: disconnected meanwhile", system.Name, greedy.Disconnected, isMoreBetter: false);

        async Task PaceAsync(string when)
        {
            ProduceFigures produce = await perf.RunAsync(
                cluster.Bootstrap,
                Paced,
                PacedRate * PacedSeconds,
                Case.RecordBytes,
                "1",
                PacedRate
            );
            figures.Add($"{when}: producer's p99 at {PacedRate}/s, ms", system.Name, produce.P99, isMoreBetter: false);
            for (int read = 0; read < Reads; read++)
            {
                (double rate, _) = await ReadAllAsync(cluster, plan, readers: 1);
                figures.Add($"{when}: raw loop, MB/s", system.Name, rate, isMoreBetter: true);
            }
        }
    }

    private static async Task<(double Rate, double GiB)> ReadAllAsync(IRunningCluster cluster, Plan plan, int readers)
    {
        long start = TimeProvider.System.GetTimestamp();
        long[] bytes = await Task.WhenAll(
            Enumerable
                .Range(0, readers)
                .Select(_ =>
                    Task.Factory.StartNew(
                        () =>
                        {
                            using RawReader reader = new(cluster.Bootstrap, Topic, Partitions, FetchBytes);
                            return reader.Read(plan.Records);
                        },
                        TaskCreationOptions.LongRunning
                    )
                )
        );
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        return (bytes.Sum() / 1e6 / took.TotalSeconds, bytes.Sum() / GiB);
    }

    private static double Processor(IRunningCluster cluster) => ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;

    private sealed record Plan(long Records, int Readers, int Greedy, IReadOnlyList<string> Parts);
}
