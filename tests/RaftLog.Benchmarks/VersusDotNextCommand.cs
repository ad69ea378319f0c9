using System.CommandLine;
using System.Globalization;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.ReplicatedLogs;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>versus-dotnext</c>: the Raft that a .NET team would otherwise take, DotNext.Net.Cluster with its write-ahead log, beside RaftLog's
/// metadata quorum and a RaftLog partition with <c>acks=all</c>: three processes each, over TCP, entries of 1 KiB.
/// </summary>
internal static class VersusDotNextCommand
{
    private const int EntryBytes = 1024;

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> rounds = new("--rounds")
        {
            Description = "How often each is measured, in turn; medians are printed.",
            DefaultValueFactory = _ => 3,
        };
        Option<int> seconds = new("--seconds") { Description = "How long each load lasts.", DefaultValueFactory = _ => 5 };
        Option<int> connections = new("--connections") { Description = "Connections that commit at once.", DefaultValueFactory = _ => 64 };
        Option<string?> only = new("--log") { Description = "Only the logs whose names contain this." };
        Option<string?> data = new("--data")
        {
            Description = "A directory for the nodes' files, which stay there; a temporary one where it is not given.",
        };
        System.CommandLine.Command command = new("versus-dotnext", "Compares the quorum and a partition with DotNext.Net.Cluster.")
        {
            rounds,
            seconds,
            connections,
            only,
            data,
        };
        command.SetAction(parsed =>
            RunAsync(
                parsed.GetValue(rounds),
                parsed.GetValue(seconds),
                parsed.GetValue(connections),
                parsed.GetValue(only),
                parsed.GetValue(data)
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(int rounds, int seconds, int connections, string? only, string? data)
    {
        Console.WriteLine($"{Machine.Describe()}; entries of {EntryBytes} bytes, {connections} connections, {seconds} s, {rounds} rounds");
        string root = data ?? Directory.CreateTempSubdirectory("raftlog-versus-dotnext-").FullName;
        (string Name, Func<string, Task<IReplicatedLog>> StartAsync)[] logs =
        [
            (
                "DotNext, shared memory",
                directory => DotNextLog.StartAsync(directory, EntryBytes, WriteAheadLog.MemoryManagementStrategy.SharedMemory)
            ),
            (
                "DotNext, private memory",
                directory => DotNextLog.StartAsync(directory, EntryBytes, WriteAheadLog.MemoryManagementStrategy.PrivateMemory)
            ),
            ("RaftLog's quorum", directory => RaftLogQuorum.StartAsync(directory, EntryBytes)),
            ("a RaftLog partition", directory => RaftLogPartition.StartAsync(directory, EntryBytes)),
        ];
        logs = [.. logs.Where(log => only is null || log.Name.Contains(only, StringComparison.OrdinalIgnoreCase))];
        List<CommitFigures>[] figures = [.. logs.Select(static _ => new List<CommitFigures>())];
        for (int round = 0; round < rounds; round++)
        {
            for (int index = 0; index < logs.Length; index++)
            {
                Console.Error.WriteLine($"{logs[index].Name}, round {round + 1} of {rounds}");
                await using IReplicatedLog log = await logs[index].StartAsync(Path.Combine(root, $"{round}-{index}"));
                figures[index].Add(await new CommitRun(log, connections, seconds).MeasureAsync());
            }
        }

        if (data is null)
        {
            Directory.Delete(root, recursive: true);
        }

        Console.WriteLine(
            $"\n| | {string.Join(" | ", logs.Select(static log => log.Name))} |\n|---|{string.Concat(logs.Select(static _ => "---:|"))}"
        );
        Print("entries committed a second", figures, static each => each.PerSecond, "0");
        Print("p50, ms", figures, static each => each.P50, "0.00");
        Print("p99, ms", figures, static each => each.P99, "0.00");
        Print("one connection: p50, ms", figures, static each => each.AloneP50, "0.00");
        Print("one connection: p99, ms", figures, static each => each.AloneP99, "0.00");
        Print("processor an entry, all nodes, µs", figures, static each => each.ProcessorMicroseconds, "0");
        Print("resident memory, all nodes, MiB", figures, static each => each.ResidentMiB, "0");
        Print("`kill -9` of the leader: until another node commits, ms", figures, static each => each.FailoverMs, "0");
        Print("acknowledged and lost after `kill -9` of all", figures, static each => each.Lost, "0");
        return 0;
    }

    private static void Print(string name, List<CommitFigures>[] figures, Func<CommitFigures, double> of, string format)
    {
        IEnumerable<string> medians = figures.Select(each =>
            each.Select(of).Order().ElementAt(each.Count / 2).ToString(format, CultureInfo.InvariantCulture)
        );
        Console.WriteLine($"| {name} | {string.Join(" | ", medians)} |");
    }
}
