using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>Turns what metadata says into the words of Replication.</summary>
internal static class PartitionStates
{
    /// <summary>The brokers of an image.</summary>
    public static BrokerRoster RosterOf(MetadataImage image)
    {
        var entries = new RosterEntry[image.Brokers.Count];
        int count = 0;
        foreach ((NodeId node, BrokerRegistration broker) in image.Brokers)
        {
            BrokerService service = broker.Fenced ? BrokerService.Fenced
                : broker.InControlledShutdown ? BrokerService.ShuttingDown
                : BrokerService.Active;
            entries[count++] = new RosterEntry(node, broker.Epoch, service);
        }

        return new BrokerRoster(entries);
    }

    /// <summary>The state of a partition as of an image.</summary>
    public static PartitionState Of(PartitionRegistration partition, MetadataImage image, BrokerRoster roster, int minInSync) => new()
    {
        AsOf = image.Provenance.LastOffset,
        Replicas = NodeSet.Of([.. partition.Replicas]),
        InSync = NodeSet.Of([.. partition.Isr]),
        Leader = partition.Leader,
        LeaderEpoch = partition.LeaderEpoch,
        PartitionEpoch = partition.PartitionEpoch,
        MinInSync = PartitionState.EffectiveMinInSync(minInSync, partition.Replicas.Count),
        Brokers = roster,
    };
}
