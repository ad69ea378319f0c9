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

    /// <param name="told">The topic as the cluster describes it.</param>
    /// <param name="before">The same topic when it had fewer partitions, or null.</param>
    /// <param name="source">Where batches come from.</param>
    /// <param name="entropy">Chance, for records without a key.</param>
    public ProducerTopic(TopicView told, ProducerTopic? before, BatchSource source, IEntropy entropy)
    {
        Name = told.Name;
        Id = told.Id;
        _entropy = entropy;
        int known = before?._queues.Length ?? 0;
        _queues = new PartitionQueue[told.Partitions.Count];
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i] = i < known ? before!._queues[i] : new PartitionQueue(new TopicPartition(told.Name, i), told.Id, source);
        }

        _sticky = entropy.Next(_queues.Length);
    }

    public string Name { get; }

    public Uuid Id { get; }

    public int PartitionCount => _queues.Length;

    public IReadOnlyList<PartitionQueue> Queues => _queues;

    /// <summary>True while the cluster describes the topic as these queues do.</summary>
    public bool Is(TopicView told) => told.Error == ErrorCode.None && told.Id == Id && told.Partitions.Count == PartitionCount;

    /// <summary>True when it is the same topic with more partitions, not one that was made anew.</summary>
    public bool IsGrown(TopicView told) => told.Id == Id && told.Partitions.Count >= PartitionCount;

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
