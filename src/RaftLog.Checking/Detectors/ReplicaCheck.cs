using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Compares the replicas of each partition, byte for byte, below the high watermark (A25).</summary>
internal sealed class ReplicaCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        SortedDictionary<TopicPartition, ReplicaLog> first = [];
        foreach (ReplicaLog replica in evidence.History.Replicas)
        {
            if (!first.TryAdd(replica.Partition, replica))
            {
                Compare(first[replica.Partition], replica, found);
            }
        }
    }

    private static void Compare(ReplicaLog one, ReplicaLog other, AnomalyList found)
    {
        RequireEnd(one, found);
        RequireEnd(other, found);
        int at = 0;
        for (; IsCommitted(one, at) || IsCommitted(other, at); at++)
        {
            if (at >= one.Batches.Count || at >= other.Batches.Count)
            {
                return;
            }

            if (!one.Batches[at].Bytes.Span.SequenceEqual(other.Batches[at].Bytes.Span))
            {
                found.Add(
                    AnomalyKind.ReplicaDivergence,
                    $"{one.Partition}: nodes {one.Node} and {other.Node} differ in batch {at}, at offsets {one.Batches[at].BaseOffset} "
                        + $"and {other.Batches[at].BaseOffset}"
                );
                return;
            }
        }
    }

    private static void RequireEnd(ReplicaLog log, AnomalyList found)
    {
        Offset end = log.Batches.Count == 0 ? Offset.Zero : log.Batches[^1].LastOffset + 1;
        if (end < log.HighWatermark)
        {
            found.Add(
                AnomalyKind.ReplicaDivergence,
                $"{log.Partition}: node {log.Node} ends at {end}, below the high watermark {log.HighWatermark}"
            );
        }
    }

    private static bool IsCommitted(ReplicaLog log, int index) =>
        index < log.Batches.Count && log.Batches[index].BaseOffset < log.HighWatermark;
}
