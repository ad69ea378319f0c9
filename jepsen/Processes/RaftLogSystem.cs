namespace RaftLog.Jepsen.Processes;

/// <summary>RaftLog's own nodes.</summary>
internal sealed class RaftLogSystem(string program) : ISystemUnderTest
{
    public string Name => "RaftLog";

    public TimeSpan StartLimit => TimeSpan.FromSeconds(60);

    public IReadOnlyList<KeyValuePair<string, string>> Settings => [];

    public IReadOnlyList<string> FormatCommand(string propertiesFile, string clusterId) =>
        [program, "storage", "format", "--config", propertiesFile, "--cluster-id", clusterId];

    public IReadOnlyList<string> StartCommand(string propertiesFile) => [program, "start", "--config", propertiesFile];

    public string? Alarm(string line) =>
        line.Contains("Unhandled exception", StringComparison.Ordinal) || line.Contains("invariant", StringComparison.OrdinalIgnoreCase)
        || line.Contains("halts", StringComparison.Ordinal)
            ? line
            : null;
}
