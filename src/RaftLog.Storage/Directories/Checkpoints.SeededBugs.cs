using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class Checkpoints
{
    static partial void SeededBugWritesLogEnd(PartitionLog log, ref Offset highWatermark) =>
        highWatermark = SeededBug.Is(68) ? log.EndOffset : highWatermark;
}
