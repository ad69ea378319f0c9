using System.Diagnostics;

namespace RaftLog.Cli.Nodes;

/// <summary>How long this process has run.</summary>
internal static class ProcessAge
{
    /// <summary>Milliseconds since the process began.</summary>
    public static long Milliseconds(TimeProvider time)
    {
        using Process self = Process.GetCurrentProcess();
        return (long)(time.GetUtcNow() - new DateTimeOffset(self.StartTime)).TotalMilliseconds;
    }
}
