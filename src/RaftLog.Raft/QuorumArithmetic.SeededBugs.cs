using RaftLog.Protocol;

namespace RaftLog.Raft;

public static partial class QuorumArithmetic
{
    static partial void SeededBugCommitsOlderEpoch(ref Offset epochStart) =>
        epochStart = SeededBug.Is(5) ? new Offset(long.MinValue) : epochStart;
}
