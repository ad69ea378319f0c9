using RaftLog.Protocol;

namespace RaftLog.Raft;

internal sealed partial class LogView
{
    partial void SeededBugKeepsEpochs(ref int kept) => kept = SeededBug.Is(23) ? _epochs.Count : kept;
}
