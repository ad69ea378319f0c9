namespace RaftLog.Jepsen.Tests;

/// <summary>A test of real nodes; says that it was skipped where the node's program was not built.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute()
    {
        if (!File.Exists(Repository.RaftLog()))
        {
            Skip =
                $"SKIPPED: no real nodes were tested, since {Repository.RaftLog()} is not there: dotnet build src/RaftLog.Cli -c Release";
        }
    }
}

/// <summary>The same for a build with bugs that can be switched on.</summary>
internal sealed class SeededBugFactAttribute : FactAttribute
{
    public SeededBugFactAttribute()
    {
        if (!File.Exists(Repository.RaftLog(hasBugs: true)))
        {
            Skip =
                $"SKIPPED: no seeded bug was looked for, since {Repository.RaftLog(hasBugs: true)} is not there: dotnet build "
                + $"src/RaftLog.Cli -c SeededBugs";
        }
    }
}
