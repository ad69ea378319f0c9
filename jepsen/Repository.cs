namespace RaftLog.Jepsen;

/// <summary>Where this program was built.</summary>
internal static class Repository
{
    /// <summary>The Release build of the node's program: the one under test, whatever this program's own configuration is.</summary>
    public static string RaftLog()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "RaftLog.sln")))
            {
                return Path.Combine(at.FullName, "src", "RaftLog.Cli", "bin", "Release", "net10.0", "raftlog");
            }
        }

        return "raftlog";
    }
}
