namespace RaftLog.TestKit;

/// <summary>Where things lie in this repository and around it.</summary>
public static class Repository
{
    /// <summary>The directory that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>True where nothing may be skipped.</summary>
    public static bool IsContinuousIntegration { get; } =
        string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The program under test: <c>RAFTLOG_EXE</c>, else the one that was built last with these tests.</summary>
    public static string RaftLog { get; } =
        Environment.GetEnvironmentVariable("RAFTLOG_EXE") is { Length: > 0 } exe ? exe : BuiltProgram("src/RaftLog.Cli", "raftlog");

    /// <summary>A program of a project of this repository, in the configuration of these tests.</summary>
    public static string BuiltProgram(string project, string name) => Path.Combine(Root, project, "bin", Configuration(), "net10.0", name);

    /// <summary>The first program of this name on PATH, or null.</summary>
    public static string? OnPath(string program)
    {
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            string candidate = Path.Combine(directory, program);
            if (directory.Length > 0 && File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static string Configuration() =>
        AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            ? "Debug"
            : "Release";

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "RaftLog.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException($"no RaftLog.sln above {AppContext.BaseDirectory}");
    }
}
