using System.Text;

namespace RaftLog.Platform;

/// <summary>
/// The real process: a halt writes the reason to standard error and ends it at once with exit code 134, as an abort does.
/// </summary>
public sealed class SystemProcess : IProcess
{
    /// <summary>The exit code of a halted process: 128 + SIGABRT.</summary>
    public const int HaltExitCode = 134;

    /// <summary>
    /// How long the last words may take: a reader of standard error that has stopped reading must not keep the node alive.
    /// </summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public void Halt(string reason)
    {
        try
        {
            // Not by Console: it opens descriptors of its own, and that there are none left may be the reason.
            byte[] words = Encoding.UTF8.GetBytes($"raftlog: halted: {reason}{Environment.NewLine}");
            Thread writer = new(() => Native.WriteToStandardError(words)) { IsBackground = true };
            writer.Start();
            writer.Join(LastWords);
        }
        finally
        {
            Native.ExitAtOnce(HaltExitCode);
        }
    }
}
