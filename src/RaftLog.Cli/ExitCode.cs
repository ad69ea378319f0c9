namespace RaftLog.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>It could not be done; standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line is not understood.</summary>
    public const int Usage = 2;

    /// <summary>Nothing failed, and nothing was shown either: a proof that had nothing to look at.</summary>
    public const int NothingProved = 3;
}
