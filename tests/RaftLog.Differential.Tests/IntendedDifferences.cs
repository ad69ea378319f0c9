using RaftLog.Differential.Tests.Comparison;

namespace RaftLog.Differential.Tests;

/// <summary>Everything in which answers differ from Kafka's on purpose. An entry that no longer differs fails its test.</summary>
internal static class IntendedDifferences
{
    /// <summary>The table.</summary>
    public static IReadOnlyList<IntendedDifference> All { get; } =
    [
    ];
}
