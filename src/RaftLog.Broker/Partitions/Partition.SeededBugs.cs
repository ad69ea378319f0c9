using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

public sealed partial class Partition
{
    static partial void SeededBugAppendsUnguarded(ref Lock gate) => gate = SeededBug.Is(40) ? new Lock() : gate;

    partial void SeededBugDeletesUncommitted(ref Offset target, ref Offset limit)
    {
        if (SeededBug.Is(54))
        {
            target = Offset.Min(target, Log.EndOffset);
            limit = Log.EndOffset;
        }
    }
}
