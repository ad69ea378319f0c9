using RaftLog.Protocol;

namespace RaftLog.Storage;

internal static partial class ProducerSnapshots
{
    static partial void SeededBugRestoresAbove(ref Offset atMost) => atMost = SeededBug.Is(65) ? new Offset(long.MaxValue) : atMost;
}
