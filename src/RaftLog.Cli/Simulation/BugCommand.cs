using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary><c>raftlog simulate --bug</c>: whether the checks find a bug that somebody has put in.</summary>
internal static partial class BugCommand
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

    private static int WriteTable(string? file, TimeSpan budget, int jobs)
    {
        int? exitCode = null;
        SeededBugsWriteTable(file, budget, jobs, ref exitCode);
        return exitCode ?? NameTheBuild("all");
    }

    static partial void SeededBugsWriteTable(string? file, TimeSpan budget, int jobs, ref int? exitCode);

    private static int Hunt(KnownBug bug, BugHunt hunt, string? scenario)
    {
        int? exitCode = null;
        SeededBugsHunt(bug, hunt, scenario, ref exitCode);
        return exitCode ?? NameTheBuild(bug.Name);
    }

    static partial void SeededBugsHunt(KnownBug bug, BugHunt hunt, string? scenario, ref int? exitCode);

    private static int NameTheBuild(string bug)
    {
        Console.Error.WriteLine(
            $"this build holds no bug to switch on; run\n  dotnet run -c SeededBugs --project src/RaftLog.Cli -- simulate --bug {bug}"
        );
        return ExitCode.Usage;
    }
}
