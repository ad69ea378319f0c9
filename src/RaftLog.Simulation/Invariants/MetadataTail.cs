using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// What the metadata log says beyond what any node has shown to believe: a leader may act on a change that the quorum has committed and
/// that no node has brought into its image yet. Read from the disk images of the quorum.
/// </summary>
internal sealed class MetadataTail(SimCluster cluster, DiskImages images)
{
    private static readonly TopicPartition Log = new("__cluster_metadata", 0);

    /// <summary>True when a committed record that follows a registration takes a member out of the in-sync set.</summary>
    internal bool HasLeft(TopicPartition partition, PartitionRegistration registration, NodeId member, ClusterWatch beliefs)
    {
        (Uuid topic, Offset seen) = beliefs.Origin(partition);
        foreach (SimMachine machine in cluster.Machines)
        {
            ValueList<NodeId> isr = registration.Isr;
            foreach ((ImageBatch batch, IMetadataRecord record) in RecordsOf(machine, durable: true))
            {
                if (
                    batch.Last > seen
                    && record is PartitionChangeRecord { Isr: { } changed } change
                    && change.TopicId == topic
                    && change.PartitionId == partition.Partition
                    && IsOnMajority(batch)
                )
                {
                    isr = ValueList.From(changed);
                }
            }

            if (!isr.Contains(member))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The offset of the first record of a kind in a node's log as that node sees it; null where there is none.</summary>
    internal Offset? FirstOffset(SimMachine machine, Func<IMetadataRecord, bool> isIt)
    {
        foreach ((ImageBatch batch, IMetadataRecord record) in RecordsOf(machine, durable: false))
        {
            if (isIt(record))
            {
                return batch.Last;
            }
        }

        return null;
    }

    /// <summary>
    /// The epoch of the last record in a node's log, as that node sees it, that fences an incarnation of a broker; null for none.
    /// </summary>
    internal LeaderEpoch? FencedIn(SimMachine machine, NodeId broker, BrokerEpoch incarnation)
    {
        LeaderEpoch? epoch = null;
        foreach ((ImageBatch batch, IMetadataRecord record) in RecordsOf(machine, durable: false))
        {
            if (
                record is BrokerRegistrationChangeRecord { Fenced: 1 } change
                && change.BrokerId == broker
                && change.BrokerEpoch == incarnation
            )
            {
                epoch = batch.Epoch;
            }
        }

        return epoch;
    }

    private bool IsOnMajority(ImageBatch batch) =>
        cluster.Voters.Count(machine => images.Of(machine.Number, Log).TryFind(batch.Base, out ImageBatch has) && has == batch) * 2
        > cluster.Voters.Count();

    private static List<(ImageBatch, IMetadataRecord)> RecordsOf(SimMachine machine, bool durable)
    {
        List<(ImageBatch, IMetadataRecord)> found = [];
        if (machine.Volume.Find($"{SimCluster.LogDirectory}/{Log}", durable) is not SimDirectory directory)
        {
            return found;
        }

        foreach ((string name, object entry) in durable ? directory.Durable : directory.Current)
        {
            if (name.EndsWith(".log", StringComparison.Ordinal) && entry is SimInode file)
            {
                Read(durable ? file.Durable.Span : file.Current.Span, found);
            }
        }

        return found;
    }

    private static void Read(ReadOnlySpan<byte> bytes, List<(ImageBatch, IMetadataRecord)> found)
    {
        while (RecordBatch.Read(bytes, out RecordBatch batch) == BatchStatus.Complete && batch.HasValidChecksum)
        {
            if (!batch.Attributes.IsControl)
            {
                ImageBatch image = ImageBatch.Of(batch);
                foreach (Record record in new RecordReader(batch, batch.Section))
                {
                    found.Add((image, MetadataRecordCodec.Read(record.Value.Span.ToArray())));
                }
            }

            bytes = bytes[batch.Size..];
        }
    }
}
