using RaftLog.Client.Cluster;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>The queues of one topic's partitions, and which of them gets the records without a key.</summary>
internal sealed class ProducerTopic
{
    private readonly IEntropy _entropy;
    private readonly PartitionQueue[] _queues;
    private int _sticky;

    public ProducerTopic(string name, int partitions, ProducerTopic? before, BatchSource source, IEntropy entropy)
    {
        Name = name;
        _entropy = entropy;
        int known = before?._queues.Length ?? 0;
        _queues = new PartitionQueue[Math.Max(partitions, known)];
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i] = i < known ? before!._queues[i] : new PartitionQueue(new TopicPartition(name, i), source);
        }

        _sticky = entropy.Next(_queues.Length);
    }

    public string Name { get; }

    public int PartitionCount => _queues.Length;

    public ReadOnlySpan<PartitionQueue> Queues => _queues;

    /// <summary>
    /// The queue of a record. By its key; without one the partition whose batch is open, and once that is full or gone the next, so that few
    /// large batches leave rather than many small ones (KIP-480). Partitions without a leader are passed over.
    /// </summary>
    public PartitionQueue Choose(in ProducerRecord record, ClusterView view)
    {
        if (record.Partition is { } partition)
        {
            return _queues[partition];
        }

        if (record.Key is { } key)
        {
            return _queues[Murmur2.Partition(key.Span, _queues.Length)];
        }

        PartitionQueue sticky = _queues[Volatile.Read(ref _sticky)];
        if (sticky.HasOpenBatch)
        {
            return sticky;
        }

        int start = _entropy.Next(_queues.Length);
        for (int i = 0; i < _queues.Length; i++)
        {
            int candidate = (start + i) % _queues.Length;
            if (view.TryGetPartition(_queues[candidate].Partition, out _, out PartitionView? known) && known.Leader.IsNode)
            {
                start = candidate;
                break;
            }
        }

        Volatile.Write(ref _sticky, start);
        return _queues[start];
    }
}
