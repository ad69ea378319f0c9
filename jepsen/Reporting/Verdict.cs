using RaftLog.Checking;

namespace RaftLog.Jepsen.Reporting;

/// <summary>What a run says.</summary>
internal enum VerdictKind
{
    /// <summary>Every promise was held.</summary>
    Held,

    /// <summary>A promise was broken.</summary>
    Violated,

    /// <summary>Nothing was found, and too little was done or seen to say more.</summary>
    Unknown,
}

/// <summary>The judgement of a run.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Found">The anomalies.</param>
/// <param name="Doubts">Why nothing found means nothing.</param>
/// <param name="ControlLosses">How many records of the control group were acknowledged and are gone.</param>
internal sealed record Verdict(VerdictKind Kind, AnomalyList Found, IReadOnlyList<string> Doubts, int ControlLosses)
{
    public int ExitCode =>
        Kind switch
        {
            VerdictKind.Held => Jepsen.ExitCode.Held,
            VerdictKind.Violated => Jepsen.ExitCode.Violated,
            _ => Jepsen.ExitCode.Unknown,
        };

    /// <summary>The headline.</summary>
    public string Title =>
        Kind switch
        {
            VerdictKind.Held => "Every promise held",
            VerdictKind.Violated => "A promise was broken",
            _ => "Unknown: this run does not say",
        };
}
