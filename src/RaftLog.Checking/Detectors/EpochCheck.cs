using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Checking;

/// <summary>
/// An offset of a leader epoch holds one value ever, on any replica and above the high watermark too; epochs rise along a log; one epoch
/// has one leader (A24).
/// </summary>
internal sealed class EpochCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        CheckRecords(evidence.History.Final, evidence.History.Seen, found);
        CheckOrder(evidence.History.Final, found);
        CheckReplicas(evidence.History.Replicas, found);
        CheckLeaders(evidence.History.Leaders, found);
    }

    private static void CheckRecords(IEnumerable<SeenRecord> final, IEnumerable<SeenRecord> seen, AnomalyList found)
    {
        Dictionary<(TopicPartition, LeaderEpoch, Offset), RecordValue> values = [];
        foreach (SeenRecord record in final.Concat(seen))
        {
            if (record.Epoch is not { } epoch || values.TryAdd((record.Partition, epoch, record.Offset), record.Value))
            {
                continue;
            }

            RecordValue other = values[(record.Partition, epoch, record.Offset)];
            if (other != record.Value)
            {
                found.Add(
                    AnomalyKind.EpochReused,
                    $"{record.Partition} offset {record.Offset} of epoch {epoch} has held {other} and {record.Value}",
                    other,
                    record.Value
                );
            }
        }
    }

    private static void CheckOrder(IEnumerable<SeenRecord> final, AnomalyList found)
    {
        foreach (IGrouping<TopicPartition, SeenRecord> partition in final.GroupBy(each => each.Partition))
        {
            LeaderEpoch highest = LeaderEpoch.None;
            foreach (SeenRecord record in partition.OrderBy(each => each.Offset))
            {
                if (record.Epoch < highest)
                {
                    found.Add(
                        AnomalyKind.EpochReused,
                        $"{record.Partition} offset {record.Offset} is of epoch {record.Epoch}, behind epoch {highest}",
                        record.Value
                    );
                    return;
                }

                highest = record.Epoch ?? highest;
            }
        }
    }

    private static void CheckReplicas(IEnumerable<ReplicaLog> replicas, AnomalyList found)
    {
        Dictionary<(TopicPartition, LeaderEpoch, Offset), (NodeId Node, ReadOnlyMemory<byte> Bytes)> batches = [];
        foreach (ReplicaLog replica in replicas)
        {
            foreach (ReplicaBatch stored in replica.Batches)
            {
                if (RecordBatch.Read(stored.Bytes.Span, out RecordBatch batch) != BatchStatus.Complete)
                {
                    continue;
                }

                (TopicPartition, LeaderEpoch, Offset) place = (replica.Partition, batch.PartitionLeaderEpoch, batch.BaseOffset);
                if (batches.TryAdd(place, (replica.Node, stored.Bytes)))
                {
                    continue;
                }

                (NodeId node, ReadOnlyMemory<byte> bytes) = batches[place];
                if (!bytes.Span.SequenceEqual(stored.Bytes.Span))
                {
                    found.Add(
                        AnomalyKind.EpochReused,
                        $"{replica.Partition} offset {batch.BaseOffset} of epoch {batch.PartitionLeaderEpoch} is one batch on node "
                            + $"{node} and another on node {replica.Node}"
                    );
                }
            }
        }
    }

    private static void CheckLeaders(IEnumerable<SeenLeader> leaders, AnomalyList found)
    {
        Dictionary<(TopicPartition, LeaderEpoch), NodeId> known = [];
        foreach (SeenLeader seen in leaders)
        {
            if (!known.TryAdd((seen.Partition, seen.Epoch), seen.Leader) && known[(seen.Partition, seen.Epoch)] != seen.Leader)
            {
                found.Add(
                    AnomalyKind.EpochReused,
                    $"{seen.Partition} had leaders {known[(seen.Partition, seen.Epoch)]} and {seen.Leader} in epoch {seen.Epoch}"
                );
            }
        }
    }
}
