using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks;

/// <summary><c>many-partitions</c>: what thousands of partitions cost a node, beside Kafka with a small and a large heap.</summary>
internal static class ManyPartitionsCommand
{
    private const int FewPartitions = 6;

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> partitions = new("--partitions") { Description = "How many partitions.", DefaultValueFactory = _ => 10_000 };
        Option<bool> alone = new("--raftlog-alone")
        {
            Description = "Measures RaftLog alone, to compare two builds of it (RAFTLOG_EXE names the program).",
        };
        Option<bool> oneNode = new("--one-node") { Description = "Leaves out the part with three nodes." };
        Option<string?> data = new("--data")
        {
            Description = "Where the systems keep their files; removed afterwards. A new folder under the temporary one by default.",
        };
        System.CommandLine.Command command = new(
            "many-partitions",
            "Creates partitions, writes to all, stops, kills and restarts; beside Apache Kafka from the folder that RAFTLOG_PEERS names."
        )
        {
            partitions,
            alone,
            oneNode,
            data,
        };
        command.SetAction(parsed =>
            RunAsync(parsed.GetValue(partitions), parsed.GetValue(alone), parsed.GetValue(oneNode), parsed.GetValue(data))
        );
        return command;
    }

    private static async Task<int> RunAsync(int partitions, bool alone, bool oneNode, string? data)
    {
        if (!alone && Peers.Missing is { } missing)
        {
            Console.Error.WriteLine($"many-partitions: {missing}");
            return 2;
        }

        Console.WriteLine($"{Machine.Describe()}; {partitions} partitions");
        string root = data ?? Directory.CreateTempSubdirectory("raftlog-many-").FullName;
        ISystem[] systems = alone
            ? [new RaftLogSystem()]
            : [new RaftLogSystem(), new KafkaSystem(Peers.Folder!, "512m"), new KafkaSystem(Peers.Folder!, "2g")];
        List<IReadOnlyList<Figure>> columns = [];
        foreach (ISystem system in systems)
        {
            columns.Add(await MeasureAsync(system, Path.Combine(root, system.Name.Replace(' ', '-')), partitions, oneNode));
        }

        Print([.. systems.Select(each => each.Name)], columns);
        Directory.Delete(root, recursive: true);
        return 0;
    }

    private static async Task<IReadOnlyList<Figure>> MeasureAsync(ISystem system, string directory, int partitions, bool oneNode)
    {
        List<Figure> figures = [];
        Say(system, "one node");
        await using (
            IRunningCluster cluster = await system.StartAsync(Path.Combine(directory, "one"), new ClusterShape(1, system.OwnFlushInterval))
        )
        {
            ManyPartitions run = new(cluster, partitions);
            figures.AddRange(await run.CreateAsync());
            figures.AddRange(await run.RestAsync());
            Say(system, "clean stop and restart");
            figures.AddRange(await run.StopAndRestartAsync(Signal.Terminate, "clean stop"));
            Say(system, "kill and restart");
            figures.AddRange(await run.StopAndRestartAsync(Signal.Kill, "SIGKILL"));
            figures.Add(await run.StopAsync(Signal.Terminate, "clean stop after the restart after SIGKILL, ms"));
        }

        if (!oneNode)
        {
            foreach (int count in (int[])[FewPartitions, partitions])
            {
                Say(system, $"three nodes, {count} partitions");
                await using IRunningCluster cluster = await system.StartAsync(
                    Path.Combine(directory, $"three-{count}"),
                    new ClusterShape(3, system.OwnFlushInterval)
                );
                ManyPartitions run = new(cluster, count);
                await run.CreateAsync();
                figures.AddRange(await run.ProduceToOneAsync());
            }
        }

        return figures;
    }

    private static void Say(ISystem system, string what) => Console.Error.WriteLine($"{system.Name}: {what}");

    private static void Print(IReadOnlyList<string> systems, List<IReadOnlyList<Figure>> columns)
    {
        Console.WriteLine();
        Console.WriteLine($"| | {string.Join(" | ", systems)} |");
        Console.WriteLine($"|---|{string.Concat(systems.Select(static _ => "---:|"))}");
        for (int row = 0; row < columns[0].Count; row++)
        {
            IEnumerable<string> values = columns.Select(column => column[row].Value.ToString("0.##", CultureInfo.InvariantCulture));
            Console.WriteLine($"| {columns[0][row].Name} | {string.Join(" | ", values)} |");
        }
    }
}
