namespace RaftLog.Checking;

/// <summary>What the search for an order of calls has found.</summary>
/// <param name="Verdict">Whether there is one.</param>
/// <param name="Longest">The longest order that was found, as indexes of the calls: all with a response when there is one.</param>
/// <param name="Steps">How many orders were tried.</param>
public sealed record Linearization(LinearizationVerdict Verdict, IReadOnlyList<int> Longest, long Steps);

/// <summary>Whether a history is linearizable.</summary>
public enum LinearizationVerdict
{
    /// <summary>It is.</summary>
    Linearizable,

    /// <summary>It is not.</summary>
    Illegal,

    /// <summary>The search was given up at its bound.</summary>
    Undecided,
}
