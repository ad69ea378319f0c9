using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Cluster;

/// <summary>What clients of one listener may see of the brokers in an image.</summary>
internal static class BrokerViews
{
    /// <summary>The brokers that are not fenced and can be reached through a listener, by id.</summary>
    public static IEnumerable<(BrokerRegistration Broker, Endpoint Endpoint)> Alive(this MetadataImage image, string listener) =>
        image.Behind(listener, static broker => !broker.Fenced);

    /// <summary>The brokers that have a listener, as far as they are shown, by id.</summary>
    public static IEnumerable<(BrokerRegistration Broker, Endpoint Endpoint)> Behind(
        this MetadataImage image,
        string listener,
        Func<BrokerRegistration, bool> isShown
    )
    {
        foreach (BrokerRegistration broker in image.Brokers.Values)
        {
            if (isShown(broker) && broker.TryGetEndpoint(listener, out Endpoint endpoint))
            {
                yield return (broker, endpoint);
            }
        }
    }

    /// <summary>Where a broker listens under a name.</summary>
    public static bool TryGetEndpoint(this BrokerRegistration broker, string listener, out Endpoint endpoint)
    {
        foreach (Endpoint candidate in broker.Endpoints)
        {
            if (string.Equals(candidate.Listener, listener, StringComparison.OrdinalIgnoreCase))
            {
                endpoint = candidate;
                return true;
            }
        }

        endpoint = default;
        return false;
    }

    /// <summary>True when a broker is registered and not fenced.</summary>
    public static bool IsAlive(this MetadataImage image, NodeId node) =>
        image.Brokers.TryGetValue(node, out BrokerRegistration? broker) && !broker.Fenced;

    /// <summary>The replicas that cannot be served now: their broker is away or their directory is not online.</summary>
    public static List<NodeId> OfflineReplicas(this MetadataImage image, PartitionRegistration partition)
    {
        List<NodeId> offline = [];
        foreach (NodeId replica in partition.Replicas)
        {
            if (
                !image.Brokers.TryGetValue(replica, out BrokerRegistration? broker)
                || broker.Fenced
                || !broker.HasOnline(partition.DirectoryOf(replica))
            )
            {
                offline.Add(replica);
            }
        }

        return offline;
    }

    /// <summary>
    /// The leader as a client of a listener can use it: LEADER_NOT_AVAILABLE while nobody leads or the leader is away,
    /// LISTENER_NOT_FOUND when the leader does not listen there.
    /// </summary>
    public static (NodeId Leader, ErrorCode Error) ReachableLeader(
        this MetadataImage image,
        PartitionRegistration partition,
        string listener
    )
    {
        if (!partition.HasLeader || !image.Brokers.TryGetValue(partition.Leader, out BrokerRegistration? leader) || leader.Fenced)
        {
            return (NodeId.None, ErrorCode.LeaderNotAvailable);
        }

        return leader.TryGetEndpoint(listener, out _) ? (leader.Id, ErrorCode.None) : (NodeId.None, ErrorCode.ListenerNotFound);
    }
}
