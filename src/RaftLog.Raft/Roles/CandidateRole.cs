using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Has voted for itself in a new epoch and asks for the votes of the others.</summary>
public sealed class CandidateRole : RaftRole
{
    internal CandidateRole(LeaderEpoch epoch, ReplicaKey self, Ballot ballot, long deadlineMs)
        : base(epoch, NodeId.None, self)
    {
        Ballot = ballot;
        DeadlineMs = deadlineMs;
    }

    internal Ballot Ballot { get; }

    /// <summary>When it gives up; brought forward when there is little hope.</summary>
    internal long DeadlineMs { get; set; }
}
