using RaftLog.Protocol;

namespace RaftLog.Storage;

public readonly partial record struct CleanableRange
{
    static partial void SeededBugCleansUncommitted(ReadOnlySpan<SegmentExtent> segments, ref Offset firstUncleanable) =>
        firstUncleanable = SeededBug.Is(51) ? segments[^1].BaseOffset : firstUncleanable;
}
