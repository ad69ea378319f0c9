using RaftLog.Protocol;

namespace RaftLog.Raft;

internal sealed partial class Leading
{
    static partial void SeededBugNeverResigns(ref long lostAtMs) =>
        lostAtMs = SeededBug.Is(71) || SeededBug.Is(87) ? long.MaxValue : lostAtMs;
}
