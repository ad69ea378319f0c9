namespace RaftLog.Jepsen;

/// <summary>What the process says with its end.</summary>
internal static class ExitCode
{
    /// <summary>Every promise was held.</summary>
    public const int Held = 0;

    /// <summary>A promise was broken.</summary>
    public const int Violated = 1;

    /// <summary>The arguments make no sense, or what they name is not there.</summary>
    public const int Usage = 2;

    /// <summary>The run does not say: too little was done, or a fault had no effect, or the end could not be read.</summary>
    public const int Unknown = 3;
}
