using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

internal sealed partial class PartitionTable
{
    static partial void SeededBugTakesOverLog(PartitionLog log, ref bool belongs) =>
        belongs |= SeededBug.Is(37) || (SeededBug.Is(44) && log.TopicId == Uuid.Zero);
}
