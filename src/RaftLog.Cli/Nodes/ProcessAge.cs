using System.Diagnostics;
using System.Globalization;

namespace RaftLog.Cli.Nodes;

/// <summary>How long this process has run.</summary>
internal static class ProcessAge
{
    private const int StartTimeField = 22;
    private const long TicksPerSecond = 100;

    /// <summary>Milliseconds since the process began, as exact as the system counts them.</summary>
    public static long Milliseconds(TimeProvider time)
    {
        // Process finds the same, and loads two libraries and the time zones first: while a node says that it is ready.
        if (
            OperatingSystem.IsLinux()
            && File.ReadAllText("/proc/self/stat") is var stat
            && stat.LastIndexOf(')') is > 0 and var nameEnd
            && stat[(nameEnd + 1)..].Split(' ', StartTimeField) is { Length: StartTimeField } fields
            && long.TryParse(fields[StartTimeField - 2], CultureInfo.InvariantCulture, out long startTicks)
            && double.TryParse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture, out double uptimeSeconds)
        )
        {
            return (long)(uptimeSeconds * 1000) - (startTicks * 1000 / TicksPerSecond);
        }

        using Process self = Process.GetCurrentProcess();
        return (long)(time.GetUtcNow() - new DateTimeOffset(self.StartTime)).TotalMilliseconds;
    }
}
