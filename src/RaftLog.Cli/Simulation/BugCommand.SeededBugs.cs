using System.Globalization;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

internal static partial class BugCommand
{
    static partial void SeededBugsWriteTable(string? file, TimeSpan budget, int jobs, ref int? exitCode)
    {
        if (file is not null)
        {
            exitCode = BugTable.Write(file, budget, jobs);
            return;
        }

        Console.Error.WriteLine("--bug all needs --table FILE, the page to write the table into");
        exitCode = ExitCode.Usage;
    }

    static partial void SeededBugsHunt(KnownBug bug, BugHunt hunt, string? scenario, ref int? exitCode) =>
        exitCode = scenario is null ? Hunt(bug, hunt) : Play(bug, scenario);

    private static int Play(KnownBug bug, string scenario)
    {
        SeededBug.Arm(bug.Number);
        return ScenarioCommand.Run(scenario, failFast: false);
    }

    private static int Hunt(KnownBug bug, BugHunt hunt)
    {
        SeededBug.Arm(bug.Number);
        BugCatch? found = BugHunt.ByScenario() ?? hunt.BySeeds() ?? BugHunt.ByThreads();
        if (found is null)
        {
            Console.Out.WriteLine(bug == KnownBug.None ? "nothing found" : $"survived: {bug.Name} {bug.What}");
            return ExitCode.Ok;
        }

        Console.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"caught={found.Checker} {found.Where} seeds={found.Seeds} seconds={found.Elapsed.TotalSeconds:F1}"
            )
        );
        return ExitCode.Failed;
    }
}
