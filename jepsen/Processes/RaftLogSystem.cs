namespace RaftLog.Jepsen.Processes;

/// <summary>RaftLog's own nodes.</summary>
/// <param name="program">The program.</param>
/// <param name="bug">The seeded bug that a build of the configuration SeededBugs is to run with; null for none.</param>
internal sealed class RaftLogSystem(string program, string? bug) : ISystemUnderTest
{
    private const string BugVariable = "RAFTLOG_SEEDED_BUG";

    public string Name => bug is null ? "RaftLog" : $"RaftLog with the seeded bug {bug}";

    public IReadOnlyList<KeyValuePair<string, string>> Environment => bug is null ? [] : [new(BugVariable, bug)];

    public TimeSpan StartLimit => TimeSpan.FromSeconds(60);

    public bool MakesChangesOnce => true;

    public IReadOnlyList<KeyValuePair<string, string>> Settings => [];

    public IReadOnlyList<string> FormatCommand(string propertiesFile, string clusterId) =>
        [program, "storage", "format", "--config", propertiesFile, "--cluster-id", clusterId];

    public IReadOnlyList<string> StartCommand(string propertiesFile) => [program, "start", "--config", propertiesFile];

    public string? Alarm(string line) =>
        line.Contains("Unhandled exception", StringComparison.Ordinal)
        || line.Contains("invariant", StringComparison.OrdinalIgnoreCase)
        || line.Contains("halts", StringComparison.Ordinal)
            ? line
            : null;
}
