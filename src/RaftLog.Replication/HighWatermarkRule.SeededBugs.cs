using RaftLog.Protocol;

namespace RaftLog.Replication;

internal static partial class HighWatermarkRule
{
    static partial void SeededBugIgnoresMinimum(ref PartitionState state) =>
        state = SeededBug.Is(46) ? state with { MinInSync = 0 } : state;

    static partial void SeededBugCountsUnflushed(in LogExtent own, ref Offset least) => least = SeededBug.Is(29) ? own.End : least;

    static partial void SeededBugIgnoresFollowers(in LogExtent own, ref Offset least) =>
        least = SeededBug.Is(SeededBug.Canary) ? own.End : least;
}
