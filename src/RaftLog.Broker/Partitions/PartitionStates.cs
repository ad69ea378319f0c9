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
            BrokerService service =
                broker.Fenced ? BrokerService.Fenced
                : broker.InControlledShutdown ? BrokerService.ShuttingDown
                : BrokerService.Active;
            entries[count++] = new RosterEntry(node, broker.Epoch, service);
        }

        return new BrokerRoster(entries);
    }

    /// <summary>The state of a partition as of an image.</summary>
    public static PartitionState Of(PartitionRegistration partition, MetadataImage image, BrokerRoster roster, int minInSync) =>
        new()
        {
            AsOf = image.Provenance.LastOffset,
            Replicas = NodeSet.Of([.. partition.Replicas]),
            InSync = NodeSet.Of([.. partition.Isr]),
            Leader = partition.Leader,
            LeaderEpoch = partition.LeaderEpoch,
            PartitionEpoch = partition.PartitionEpoch,
            MinInSync = PartitionState.EffectiveMinInSync(minInSync, partition.Replicas.Count),
            Brokers = WithoutFailedDirectories(partition, image, roster),
        };

    /// <summary>
    /// For this partition a broker whose replica lies in a failed directory is as good as fenced: it must not join the in-sync set, and
    /// nobody waits for it because it was in sync a moment ago.
    /// </summary>
    private static BrokerRoster WithoutFailedDirectories(PartitionRegistration partition, MetadataImage image, BrokerRoster roster)
    {
        if (
            partition.Replicas.All(node =>
                !image.Brokers.TryGetValue(node, out BrokerRegistration? broker) || broker.HasOnline(partition.DirectoryOf(node))
            )
        )
        {
            return roster;
        }

        List<RosterEntry> entries = [];
        foreach (NodeId node in partition.Replicas)
        {
            if (roster.TryFind(node, out RosterEntry entry))
            {
                bool isOnline = image.Brokers[node].HasOnline(partition.DirectoryOf(node));
                entries.Add(isOnline ? entry : entry with { Service = BrokerService.Fenced });
            }
        }

        return new BrokerRoster([.. entries]);
    }
}
