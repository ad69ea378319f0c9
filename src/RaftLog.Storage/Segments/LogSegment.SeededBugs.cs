using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class LogSegment
{
    static partial void SeededBugKeepsIndexes(ref Offset timesEnd, ref Offset transactionsEnd)
    {
        timesEnd = SeededBug.Is(58) ? new Offset(long.MaxValue) : timesEnd;
        transactionsEnd = SeededBug.Is(77) ? new Offset(long.MaxValue) : transactionsEnd;
    }
}
