using System.Runtime.InteropServices;

namespace RaftLog.TestKit;

/// <summary>The signals that tests send to nodes.</summary>
public enum Signal
{
    /// <summary>Dies at once, nothing flushed.</summary>
    Kill = 9,

    /// <summary>Asks for a clean stop.</summary>
    Terminate = 15,

    /// <summary>Goes on after a pause.</summary>
    Continue = 18,

    /// <summary>Pauses, as a machine that swaps or migrates does.</summary>
    Stop = 19,
}

/// <summary>Sends signals to processes.</summary>
public static partial class Signals
{
    /// <summary>Sends a signal; false when there is no such process any more.</summary>
    public static bool Send(int pid, Signal signal) => Kill(pid, (int)signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
