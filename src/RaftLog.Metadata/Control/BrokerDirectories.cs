using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>What the directories of brokers mean for replicas (KIP-858).</summary>
internal static class BrokerDirectories
{
    /// <summary>Where a new replica lies: a broker with one directory has no choice to make and report.</summary>
    public static Uuid ForNewReplica(MetadataImage image, NodeId node)
    {
        ValueList<Uuid> directories =
            image.Version.TracksDirectories && image.Brokers.TryGetValue(node, out BrokerRegistration? broker) ? broker.Directories : [];
        return directories.Count switch
        {
            0 => ReservedDirectories.Migrating,
            1 => directories[0],
            _ => ReservedDirectories.Unassigned,
        };
    }

    /// <summary>True when a replica's broker is active and has its directory.</summary>
    public static bool CanServe(MetadataImage image, PartitionRegistration partition, NodeId node) =>
        image.Brokers.TryGetValue(node, out BrokerRegistration? broker) && broker.IsActive && broker.HasOnline(partition.DirectoryOf(node));
}
