using RaftLog.Protocol;

namespace RaftLog.Raft;

internal sealed partial class RaftOutbox
{
    static partial void SeededBugSendsUnpersisted(ref bool isPersisted) => isPersisted |= SeededBug.Is(4);
}
