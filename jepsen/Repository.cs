namespace RaftLog.Jepsen;

/// <summary>Where this program was built.</summary>
internal static class Repository
{
    /// <summary>A build of the node's program: the one under test, whatever this program's own configuration is.</summary>
    /// <param name="hasBugs">True for the build with bugs that can be switched on, false for the one that is shipped.</param>
    public static string RaftLog(bool hasBugs = false)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "RaftLog.sln")))
            {
                return Path.Combine(at.FullName, "src", "RaftLog.Cli", "bin", hasBugs ? "SeededBugs" : "Release", "net10.0", "raftlog");
            }
        }

        return "raftlog";
    }
}
