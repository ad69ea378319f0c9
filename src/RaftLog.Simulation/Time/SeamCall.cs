namespace RaftLog.Simulation;

/// <summary>
/// The calls of network and timers in the middle of which a process may end, for people. Those of the disk count operations instead.
/// </summary>
internal static class SeamCall
{
    internal const string Connect = "a connect";
    internal const string Receive = "a receive";
    internal const string Send = "a send";
    internal const string Close = "a close";
    internal const string Timer = "setting a timer";

    internal static IReadOnlyList<string> All { get; } = [Connect, Receive, Send, Close, Timer];
}
