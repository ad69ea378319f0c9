using System.Runtime.InteropServices;

namespace RaftLog.Jepsen.Processes;

/// <summary>The signals that nodes are sent.</summary>
internal enum Signal
{
    /// <summary>Dies at once.</summary>
    Kill = 9,

    /// <summary>Asks for a clean stop.</summary>
    Terminate = 15,

    /// <summary>Goes on after a pause.</summary>
    Continue = 18,

    /// <summary>Pauses.</summary>
    Stop = 19,
}

/// <summary>Sends signals to processes.</summary>
internal static partial class Signals
{
    /// <summary>Sends a signal; false when there is no such process any more.</summary>
    public static bool Send(int pid, Signal signal) => Kill(pid, (int)signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
