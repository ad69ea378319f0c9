using RaftLog.Protocol;

namespace RaftLog.Replication;

public abstract partial record InSyncState
{
    public sealed partial record PendingShrink
    {
        partial void SeededBugCountsProposedAlone(ref NodeSet maximal) => maximal = SeededBug.Is(10) ? Proposal.InSync : maximal;
    }
}
