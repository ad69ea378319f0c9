using System.CommandLine;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Reports;
using RaftLog.Benchmarks.Systems;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>versus-kafka</c>: both systems one after the other, in one run, on one machine, with the same clients and settings.
/// </summary>
internal static class VersusKafkaCommand
{
    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<long> records = new("--records")
        {
            Description = "Records of 1 KiB to produce and consume in each case.",
            DefaultValueFactory = _ => 1_000_000,
        };
        Option<int> rounds = new("--rounds")
        {
            Description = "How often each case is run; every second round begins with the other system.",
            DefaultValueFactory = _ => 1,
        };
        Option<string[]> cases = new("--case")
        {
            Description = $"Only these cases: {string.Join(", ", Case.All.Select(each => each.Name))}.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> alone = new("--raftlog-alone")
        {
            Description = "Measures RaftLog alone, to compare two builds of it (RAFTLOG_EXE names the program).",
        };
        Option<string?> data = new("--data")
        {
            Description = "Where both keep their files; removed afterwards. A new folder under the temporary one by default.",
        };
        System.CommandLine.Command command = new(
            "versus-kafka",
            "Compares RaftLog with Apache Kafka from the folder that RAFTLOG_PEERS names."
        )
        {
            records,
            rounds,
            cases,
            alone,
            data,
        };
        command.SetAction(parsed =>
            RunAsync(
                parsed.GetValue(records),
                parsed.GetValue(rounds),
                parsed.GetValue(cases) ?? [],
                parsed.GetValue(alone),
                parsed.GetValue(data)
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(long records, int rounds, string[] names, bool alone, string? data)
    {
        if (Peers.Missing is { } missing)
        {
            Console.Error.WriteLine($"versus-kafka: {missing}");
            return 2;
        }

        if (names.FirstOrDefault(name => Case.All.All(each => each.Name != name)) is { } unknown)
        {
            Console.Error.WriteLine(
                $"versus-kafka: there is no case '{unknown}'; the cases are {string.Join(", ", Case.All.Select(each => each.Name))}"
            );
            return 2;
        }

        Console.WriteLine($"{Machine.Describe()}; {records} records of {Case.RecordBytes} bytes, {rounds} round{(rounds == 1 ? "" : "s")}");
        ISystem[] systems = alone ? [new RaftLogSystem()] : [new KafkaSystem(Peers.Folder!), new RaftLogSystem()];
        ProducerPerf perf = new(Peers.Folder!);
        string root = data ?? Directory.CreateTempSubdirectory("raftlog-versus-").FullName;
        foreach (Case @case in Case.All.Where(each => names.Length == 0 || names.Contains(each.Name)))
        {
            Dictionary<ISystem, List<CaseFigures>> figures = systems.ToDictionary(each => each, _ => new List<CaseFigures>());
            for (int round = 0; round < rounds; round++)
            {
                foreach (ISystem system in round % 2 == 0 ? systems : [.. systems.Reverse()])
                {
                    Console.Error.WriteLine($"{@case.Words}: {system.Name}, round {round + 1} of {rounds}");
                    string directory = Path.Combine(root, $"{@case.Name}-{system.Name}-{round}");
                    figures[system].Add(await @case.MeasureAsync(system, directory, records, perf));
                    Directory.Delete(directory, recursive: true);
                }
            }

            Console.WriteLine();
            Console.WriteLine(
                alone
                    ? ComparisonReport.OfOne(@case, systems[0].Name, figures[systems[0]])
                    : ComparisonReport.Of(@case, systems[0].Name, figures[systems[0]], systems[^1].Name, figures[systems[^1]])
            );
        }

        Directory.Delete(root, recursive: true);
        return 0;
    }
}
