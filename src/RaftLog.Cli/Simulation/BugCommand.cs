using System.Globalization;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary><c>raftlog simulate --bug</c>: whether the checks find a bug that somebody has put in.</summary>
internal static class BugCommand
{
    /// <summary>The longest that seeds are run for one bug.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(120);

    /// <summary>Lists the bugs, or runs the scenarios and seeds with one switched on.</summary>
    /// <param name="name">The bug, or <c>list</c>, or <c>all</c> for the table.</param>
    /// <param name="jobs">How many seeds at a time.</param>
    /// <param name="limit">The longest that seeds are run.</param>
    /// <param name="table">The page that <c>all</c> writes its table into.</param>
    /// <param name="scenario">Play only the scenarios with this in their names, and no seeds; null for all.</param>
    public static int Run(string name, int jobs, TimeSpan? limit, string? table, string? scenario)
    {
        if (string.Equals(name, "all", StringComparison.OrdinalIgnoreCase))
        {
            return WriteTable(table, limit ?? Budget, jobs);
        }

        if (string.Equals(name, "list", StringComparison.OrdinalIgnoreCase))
        {
            return List();
        }

        if (KnownBug.Find(name) is not { } bug)
        {
            Console.Error.WriteLine($"--bug {name}: there is no such bug; 'raftlog simulate --bug list' names them");
            return ExitCode.Usage;
        }

        return Hunt(bug, new BugHunt(limit ?? Budget, jobs) { Say = Console.Error.WriteLine }, scenario);
    }

    private static int List()
    {
        foreach (KnownBug bug in KnownBug.All)
        {
            Console.Out.WriteLine($"{bug.Name, -4} {bug.What}");
        }

        return ExitCode.Ok;
    }

#if SEEDED_BUGS
    private static int WriteTable(string? file, TimeSpan budget, int jobs)
    {
        if (file is not null)
        {
            return BugTable.Write(file, budget, jobs);
        }

        Console.Error.WriteLine("--bug all needs --table FILE, the page to write the table into");
        return ExitCode.Usage;
    }

    private static int Hunt(KnownBug bug, BugHunt hunt, string? scenario)
    {
        Protocol.SeededBug.Arm(bug.Number);
        if (scenario is not null)
        {
            return ScenarioCommand.Run(scenario);
        }

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
#else
    private static int WriteTable(string? file, TimeSpan budget, int jobs)
    {
        _ = (file, budget, jobs);
        return Hunt(new KnownBug("all", 0, ""), null, null);
    }

    private static int Hunt(KnownBug bug, BugHunt? hunt, string? scenario)
    {
        _ = (hunt, scenario);
        Console.Error.WriteLine(
            $"this build holds no bug to switch on; run\n  dotnet run -c SeededBugs --project src/RaftLog.Cli -- simulate --bug {bug.Name}"
        );
        return ExitCode.Usage;
    }
#endif
}
