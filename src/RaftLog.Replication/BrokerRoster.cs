using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>What metadata says of one broker, as far as it matters to replication (KIP-841, KIP-903).</summary>
/// <param name="Node">The broker.</param>
/// <param name="Epoch">Its present incarnation.</param>
/// <param name="Service">Whether it may join an in-sync set.</param>
public readonly record struct RosterEntry(NodeId Node, BrokerEpoch Epoch, BrokerService Service);

/// <summary>Whether a broker takes part.</summary>
public enum BrokerService
{
    /// <summary>Registered, heard of lately, not leaving.</summary>
    Active,

    /// <summary>Registered, but fenced by the controller: no heartbeats, or not yet caught up after its start.</summary>
    Fenced,

    /// <summary>In controlled shutdown.</summary>
    ShuttingDown,
}

/// <summary>
/// The registered brokers of the cluster at one point of the metadata log. Never changes; shared by all partitions of a node.
/// </summary>
public sealed class BrokerRoster
{
    /// <summary>Nobody is registered.</summary>
    public static readonly BrokerRoster Empty = new([]);

    private readonly RosterEntry[] _byNode;

    /// <summary>A roster of the given brokers, in any order.</summary>
    public BrokerRoster(params ReadOnlySpan<RosterEntry> entries)
    {
        _byNode = entries.ToArray();
        Array.Sort(_byNode, static (left, right) => left.Node.CompareTo(right.Node));
    }

    /// <summary>Finds a broker; false when it is not registered.</summary>
    public bool TryFind(NodeId node, out RosterEntry entry)
    {
        int low = 0;
        int high = _byNode.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = _byNode[middle].Node.CompareTo(node);
            if (order == 0)
            {
                entry = _byNode[middle];
                return true;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        entry = default;
        return false;
    }

    /// <summary>
    /// True when the controller would let this incarnation of a broker into an in-sync set: registered, active, and the same incarnation.
    /// <see cref="BrokerEpoch.None"/> stands for a follower that does not say its epoch, and passes as it does at the controller.
    /// </summary>
    public bool MayJoin(NodeId node, BrokerEpoch epoch) =>
        TryFind(node, out RosterEntry entry)
        && entry.Service == BrokerService.Active
        && (epoch == BrokerEpoch.None || epoch == entry.Epoch);
}
