namespace RaftLog.Platform;

/// <summary>The real process: a halt writes the reason to standard error and ends it at once with exit code 134, as an abort does.</summary>
public sealed class SystemProcess : IProcess
{
    /// <summary>The exit code of a halted process: 128 + SIGABRT.</summary>
    public const int HaltExitCode = 134;

    /// <inheritdoc/>
    public void Halt(string reason)
    {
        try
        {
            Console.Error.WriteLine($"raftlog: halted: {reason}");
            Console.Error.Flush();
        }
        finally
        {
            Native.ExitAtOnce(HaltExitCode);
        }
    }
}
