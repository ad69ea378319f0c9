using RaftLog.Protocol;

namespace RaftLog.Raft;

internal sealed partial class Following
{
    static partial void SeededBugRests(ref long pauseMs) => pauseMs = SeededBug.Is(85) ? 10_000 : pauseMs;
}
