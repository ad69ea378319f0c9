using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class LogLoader
{
    static partial void SeededBugForgetsEpoch(ref LeaderEpoch epoch) => epoch = SeededBug.Is(60) ? LeaderEpoch.None : epoch;

    static partial void SeededBugBelievesChecksum(ref bool isIntact) => isIntact |= SeededBug.Is(15);
}
