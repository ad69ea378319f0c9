using RaftLog.Protocol;

namespace RaftLog.Storage;

public readonly partial record struct RetentionDecision
{
    static partial void SeededBugTakesUncommitted(ReadOnlySpan<SegmentExtent> segments, int index, ref bool mayGo) =>
        mayGo = SeededBug.Is(53) ? index < segments.Length - 1 : mayGo;
}
