using RaftLog.Protocol;

namespace RaftLog.Platform.Buffers;

public sealed partial class BufferPool
{
    static partial void SeededBugHasNoBound(ref bool isUsedUp) => isUsedUp &= !SeededBug.Is(80);
}
