using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Metadata;

/// <summary>Tells the partitions of a node what metadata says, and in which epoch this incarnation of the node is registered.</summary>
internal sealed class PartitionUpdates(PartitionTable partitions, NodeId self, Uuid incarnation) : IMetadataListener
{
    /// <inheritdoc />
    public Task ApplyAsync(MetadataUpdate update)
    {
        bool isRegistered =
            update.Image.Brokers.TryGetValue(self, out BrokerRegistration? registration) && registration.IncarnationId == incarnation;
        return partitions.Apply(update.Image, update.Changes, isRegistered ? registration!.Epoch : BrokerEpoch.None);
    }
}
