namespace RaftLog.Jepsen.Tests;

/// <summary>A test of real nodes; says that it was skipped where the node's program was not built.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute()
    {
        if (!File.Exists(Repository.RaftLog()))
        {
            Skip = $"SKIPPED: no real nodes were tested, since {Repository.RaftLog()} is not there: dotnet build src/RaftLog.Cli -c Release";
        }
    }
}
