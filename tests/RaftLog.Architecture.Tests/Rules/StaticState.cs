namespace RaftLog.Architecture.Tests;

/// <summary>
/// No state outlives a node: two nodes in one process, or two simulated lives of one node, must not meet in a static field.
/// </summary>
internal static class StaticState
{
    private static readonly string[] ChangingTypes =
    [
        "System.Collections.Concurrent.",
        "System.Threading.Lock",
        "System.Threading.SemaphoreSlim",
        "System.Runtime.CompilerServices.ConditionalWeakTable`2",
        "System.Collections.Generic.Queue`1",
        "System.Collections.Generic.Stack`1",
        "System.Text.StringBuilder",
    ];

    internal static IEnumerable<string> Violations(IEnumerable<StaticField> fields) =>
        from field in fields
        where !field.IsReadOnly || ChangingTypes.Any(type => field.Type.StartsWith(type, StringComparison.Ordinal))
        select $"{field.Name} is static state ({field.Type}): give it to an object of the node";
}
