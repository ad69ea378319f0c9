using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Cli.Nodes;

internal static partial class StartCommand
{
    static partial void SeededBugFromEnvironment()
    {
        if (Environment.GetEnvironmentVariable("RAFTLOG_SEEDED_BUG") is { Length: > 0 } bug)
        {
            SeededBug.Arm(
                KnownBug.Find(bug)?.Number
                    ?? throw new FormatException($"RAFTLOG_SEEDED_BUG={bug}: 'raftlog simulate --bug list' names the bugs")
            );
        }
    }
}
