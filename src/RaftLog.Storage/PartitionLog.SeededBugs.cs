using RaftLog.Protocol;

namespace RaftLog.Storage;

public sealed partial class PartitionLog
{
    partial void SeededBugForgetsProducers()
    {
        if (SeededBug.Is(8))
        {
            Producers.Clear();
        }
    }

    partial void SeededBugMistakesRepeated(ProducerId producer, ref ProducedBatch before) =>
        before = SeededBug.Is(84) ? Producers.Find(producer)!.Last!.Value : before;
}
