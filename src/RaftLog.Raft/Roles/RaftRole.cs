using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// What a replica is in one epoch. A role is replaced whole when it changes; what only one role needs is a field of that role alone.
/// <code>
/// from \ to      Unattached              Prospective          Candidate         Leader     Follower               Resigned
/// Unattached     higher epoch, own vote  timeout              -                 -          leader found           -
/// Prospective    higher epoch, own vote, -                    pre-votes won,    -          leader found, or lost  -
///                lost without a leader                        or peer too old              with a leader known
/// Candidate      higher epoch            timeout, votes lost  -                 votes won  leader found           -
/// Leader         higher epoch            -                    -                 -          higher epoch's leader  resigns, no quorum
/// Follower       higher epoch, leader    fetch timeout        -                 -          higher epoch's leader  -
///                gone or resigned Resigned       higher epoch, timeout   -                    -                 -          higher epoch's
/// leader  -
/// </code>
/// An observer is only ever Unattached or Follower: it has no timeout that makes it stand. Start-up: see <see cref="RaftCore"/>.
/// Invariants: R-01 one leader per epoch; R-02 the epoch never falls; R-03 one vote per epoch.
/// </summary>
public abstract class RaftRole
{
    private protected RaftRole(LeaderEpoch epoch, NodeId leader, ReplicaKey voted)
    {
        Epoch = epoch;
        Leader = leader;
        Voted = voted;
    }

    /// <summary>The epoch.</summary>
    public LeaderEpoch Epoch { get; }

    /// <summary>The leader of the epoch, as far as known, even when it is gone.</summary>
    public NodeId Leader { get; }

    /// <summary>Who got this node's vote in the epoch.</summary>
    public ReplicaKey Voted { get; }

    /// <summary>The leader as told to others: none when it is known to be gone.</summary>
    internal virtual NodeId LivingLeader => Leader;

    internal ElectionState State => new(Epoch, Leader, Voted);
}
