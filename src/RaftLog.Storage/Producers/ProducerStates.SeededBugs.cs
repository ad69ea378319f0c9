using RaftLog.Protocol;

namespace RaftLog.Storage;

public sealed partial class ProducerStates
{
    static partial void SeededBugAcceptsAnySequence(ref bool isFresh) => isFresh |= SeededBug.Is(7);

    partial void SeededBugEndsUncommitted(Offset start)
    {
        if (SeededBug.Is(16))
        {
            _ended.Remove(start.Value);
        }
    }
}
