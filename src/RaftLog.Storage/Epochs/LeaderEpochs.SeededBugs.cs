using RaftLog.Protocol;

namespace RaftLog.Storage;

public sealed partial class LeaderEpochs
{
    static partial void SeededBugForgetsFirst(ref int covering, int count) => covering += SeededBug.Is(86) && covering + 1 < count ? 1 : 0;
}
