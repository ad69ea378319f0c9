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
}
