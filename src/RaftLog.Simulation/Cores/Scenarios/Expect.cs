using System.Runtime.CompilerServices;

namespace RaftLog.Simulation.Cores;

/// <summary>What a scenario expects at one of its steps; an alarm where it finds something else.</summary>
internal static class Expect
{
    public static void True(bool holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        AlarmException.Unless(holds, "scenario", $"expected {what}");

    public static void False(bool fails, [CallerArgumentExpression(nameof(fails))] string what = "") =>
        AlarmException.Unless(!fails, "scenario", $"expected not {what}");

    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "") =>
        AlarmException.Unless(EqualityComparer<T>.Default.Equals(expected, actual), "scenario", $"{what} is {actual}, expected {expected}");

    public static void NotEqual<T>(T rejected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "") =>
        AlarmException.Unless(!EqualityComparer<T>.Default.Equals(rejected, actual), "scenario", $"{what} is {actual}");
}
