using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>Won the election of its epoch, appends to the log and decides what is committed.</summary>
public sealed class LeaderRole : RaftRole
{
    internal LeaderRole(
        LeaderEpoch epoch,
        NodeId self,
        VoterProgress[] voters,
        IReadOnlyList<ReplicaKey> grantingVoters,
        ObserverTable observers
    )
        : base(epoch, self, ReplicaKey.None)
    {
        Voters = voters;
        GrantingVoters = grantingVoters;
        Observers = observers;
        Scratch = new long[voters.Length];
    }

    /// <summary>The offset of the LeaderChange that opened the epoch, or <see cref="Offset.None"/> until it is appended.</summary>
    internal Offset EpochStart { get; set; } = Offset.None;

    /// <summary>True once the shell was told that it leads.</summary>
    internal bool IsAnnounced { get; set; }

    /// <summary>Per voter, in the voter set's order; this node's own entry is unused.</summary>
    internal VoterProgress[] Voters { get; }

    internal IReadOnlyList<ReplicaKey> GrantingVoters { get; }

    internal ObserverTable Observers { get; }

    /// <summary>Room to sort in, one number per voter.</summary>
    internal long[] Scratch { get; }
}
