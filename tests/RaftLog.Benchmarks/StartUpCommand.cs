using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>start-up</c>: how long a node, a cluster and a command take from process start, and what an idle node keeps in memory.
/// </summary>
internal static class StartUpCommand
{
    /// <summary>The command that does nothing: what it takes is what the runtime takes.</summary>
    public const string EmptyProgram = "nothing";

    private const double MiB = 1 << 20;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> rounds = new("--rounds")
        {
            Description = "How often each is measured; medians are printed.",
            DefaultValueFactory = _ => 5,
        };
        System.CommandLine.Command command = new(
            "start-up",
            "Measures time to ready, an idle node's memory and the time of a client command."
        )
        {
            rounds,
        };
        command.SetAction(parsed => RunAsync(parsed.GetValue(rounds)));
        return command;
    }

    private static async Task<int> RunAsync(int rounds)
    {
        Console.WriteLine(Machine.Describe());
        string root = Directory.CreateTempSubdirectory("raftlog-start-up-").FullName;
        Console.WriteLine("| | median | fastest | slowest |\n|---|---:|---:|---:|");
        foreach (int nodes in new[] { 1, 3 })
        {
            List<double> fresh = [];
            List<double> existing = [];
            List<double> floor = [];
            List<double> resident = [];
            List<double> list = [];
            for (int round = 0; round < rounds; round++)
            {
                string directory = Path.Combine(root, $"{nodes}-{round}");
                Directory.CreateDirectory(directory);
                floor.Add(await TimeAsync(Environment.ProcessPath!, EmptyProgram));
                await using (RunningUp first = await RunningUp.StartAsync(directory, nodes))
                {
                    fresh.Add(first.UntilReady.TotalMilliseconds);
                }

                await using RunningUp up = await RunningUp.StartAsync(directory, nodes);
                existing.Add(up.UntilReady.TotalMilliseconds);
                await Task.Delay(Idle);
                resident.Add(ProcessUse.Of([up.ProcessId]).ResidentBytes / MiB);
                list.Add(await TimeAsync(Repository.RaftLog, "topic", "list", "--bootstrap-server", up.Bootstrap));
            }

            Print("a .NET program that does nothing, ms", floor);
            Print($"`up` with {nodes} node{(nodes == 1 ? "" : "s")}, new directories: from process start to ready, ms", fresh);
            Print("the same with the directories of a node that was stopped, ms", existing);
            Print($"resident memory of that process after {Idle.TotalSeconds:0} s, MiB", resident);
            Print("`topic list` on it, ms", list);
        }

        Directory.Delete(root, recursive: true);
        return 0;
    }

    private static async Task<double> TimeAsync(string program, params string[] arguments)
    {
        long start = TimeProvider.System.GetTimestamp();
        (await TestKit.Command.RunAsync(program, arguments)).Succeeded();
        return TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void Print(string name, List<double> values)
    {
        values.Sort();
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"| {name} | {values[values.Count / 2]:0} | {values[0]:0} | {values[^1]:0} |")
        );
    }
}
