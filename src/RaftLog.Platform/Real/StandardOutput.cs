namespace RaftLog.Platform;

/// <summary>Where a command's output goes.</summary>
public static class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>
    /// False once the program that read this process's output has ended, as <c>head</c> does: what is written then is lost, and the .NET
    /// library hides the error. True for files and terminals.
    /// </summary>
    public static bool HasReader => !Native.IsBroken(Descriptor);
}
