using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>Who may win an election, and whether it is wanted at all.</summary>
public enum ElectionKind
{
    /// <summary>Keep a valid leader, else elect from the in-sync set.</summary>
    Online,

    /// <summary>The preferred leader before a valid one, then as <see cref="Online"/>.</summary>
    Preferred,

    /// <summary>As <see cref="Online"/>, and if nobody in sync is there, any live replica: acknowledged records may be lost.</summary>
    Unclean,
}

/// <summary>The end of an election.</summary>
/// <param name="Leader">The winner, <see cref="NodeId.None"/> when nobody can lead.</param>
/// <param name="Unclean">True when the winner was not in sync.</param>
public readonly record struct ElectionOutcome(NodeId Leader, bool Unclean);

/// <summary>Chooses the leader of a partition. A function of what is believed, and of nothing else.</summary>
public static class LeaderElection
{
    /// <summary>Elects.</summary>
    /// <param name="kind">What kind of election.</param>
    /// <param name="replicas">The replicas in assignment order.</param>
    /// <param name="isr">The in-sync set that the election results in.</param>
    /// <param name="current">The leader until now.</param>
    /// <param name="canServe">True for replicas that are alive, active and have their directory.</param>
    /// <param name="hasLost">True for replicas that are alive and active, and have lost what they held: an unclean election takes one where
    /// there is no other.</param>
    public static ElectionOutcome Elect(
        ElectionKind kind,
        ValueList<NodeId> replicas,
        ValueList<NodeId> isr,
        NodeId current,
        Func<NodeId, bool> canServe,
        Func<NodeId, bool>? hasLost = null
    )
    {
        bool IsValid(NodeId node) => isr.Contains(node) && replicas.Contains(node) && canServe(node);

        if (kind == ElectionKind.Preferred && replicas.Count > 0 && IsValid(replicas[0]))
        {
            return new ElectionOutcome(replicas[0], Unclean: false);
        }

        if (IsValid(current))
        {
            return new ElectionOutcome(current, Unclean: false);
        }

        foreach (NodeId replica in replicas)
        {
            if (IsValid(replica))
            {
                return new ElectionOutcome(replica, Unclean: false);
            }
        }

        if (kind == ElectionKind.Unclean)
        {
            foreach (NodeId replica in replicas)
            {
                if (canServe(replica))
                {
                    return new ElectionOutcome(replica, Unclean: true);
                }
            }

            foreach (NodeId replica in replicas)
            {
                if (hasLost?.Invoke(replica) == true)
                {
                    return new ElectionOutcome(replica, Unclean: true);
                }
            }
        }

        return new ElectionOutcome(NodeId.None, Unclean: false);
    }
}
