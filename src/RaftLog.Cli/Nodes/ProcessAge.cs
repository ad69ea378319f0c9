namespace RaftLog.Cli.Nodes;

/// <summary>How long this process has run.</summary>
internal static class ProcessAge
{
    /// <summary>Milliseconds since the process began.</summary>
    public static long Milliseconds => (long)(DateTime.UtcNow - System.Diagnostics.Process.GetCurrentProcess().StartTime.ToUniversalTime()).TotalMilliseconds;
}
