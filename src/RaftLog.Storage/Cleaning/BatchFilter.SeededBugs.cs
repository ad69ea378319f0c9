using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

internal sealed partial class BatchFilter
{
    partial void SeededBugDropsBatch(RecordBatch batch, ref bool discards) => discards |= SeededBug.Is(26) && HorizonHasPassed(batch);

    static partial void SeededBugDropsTombstones(ref bool horizonHasPassed) => horizonHasPassed |= SeededBug.Is(52);
}
