using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class LogTruncation
{
    partial void SeededBugKeepsEpochs(ref Offset epochsEnd) =>
        epochsEnd = SeededBug.Is(36) && epochsEnd >= log.EndOffset ? new Offset(long.MaxValue) : epochsEnd;

    static partial void SeededBugKeepsProducers(ref Offset snapshotsEnd, ref ProducerStates producers)
    {
        snapshotsEnd = SeededBug.Is(76) ? new Offset(long.MaxValue) : snapshotsEnd;
        producers = SeededBug.Is(34) ? new ProducerStates() : producers;
    }
}
