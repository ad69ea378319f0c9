using RaftLog.Protocol;

namespace RaftLog.Platform;

public readonly partial record struct FileRange
{
    static partial void SeededBugBelievesRange(ref bool isIntact) => isIntact |= SeededBug.Is(50);
}
