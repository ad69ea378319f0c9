using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// Batches that a replica has truncated, as the leader of an epoch demanded that lacked them, while its medium still has them. When
/// another leader, which has them, is elected before it heard of that one, they are committed after all, and leave that medium later.
/// The replica is not in sync, so nobody counts on what it has.
/// </summary>
/// <param name="images">The logs of all machines.</param>
internal sealed class PendingTruncations(DiskImages images)
{
    private readonly HashSet<(int Node, TopicPartition Partition, LeaderEpoch Epoch, Offset Base)> _pending = [];

    /// <summary>
    /// What lies between two offsets of a partition is about to count as committed: notes which replicas that are not in sync have only
    /// left to flush that they do not have it.
    /// </summary>
    public void Note(TopicPartition partition, PartitionRegistration registration, Offset from, Offset to)
    {
        foreach (NodeId replica in registration.Replicas.Where(each => !registration.Isr.Contains(each)))
        {
            ReplicaImage medium = images.Of(replica.Value, partition);
            if (medium.End <= from)
            {
                continue;
            }

            ReplicaImage seen = images.Seen(replica.Value, partition);
            foreach (ImageBatch batch in medium.Batches.Where(each => each.Last >= from && each.Base < to))
            {
                if (!(seen.TryFind(batch.Base, out ImageBatch there) && there == batch))
                {
                    _pending.Add((replica.Value, partition, batch.Epoch, batch.Base));
                }
            }
        }
    }

    /// <summary>
    /// True, once, when what leaves a replica's medium was truncated before it was committed. Should it get the batch again, that counts.
    /// </summary>
    public bool Ends(int node, TopicPartition partition, in ImageBatch batch) =>
        _pending.Remove((node, partition, batch.Epoch, batch.Base));
}
