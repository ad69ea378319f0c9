using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Cluster;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>The queues of one topic's partitions, and which of them gets the records without a key.</summary>
internal sealed class ProducerTopic
{
    private const int MostOnStack = 128;

    private readonly ProducerOptions _options;
    private readonly IEntropy _entropy;
    private readonly PartitionQueue[] _queues;
    private ClusterView? _confirmed;
    private int _sticky;

    /// <param name="told">The topic as the cluster describes it.</param>
    /// <param name="before">The same topic when it had fewer partitions, or null.</param>
    /// <param name="source">Where batches come from.</param>
    /// <param name="options">How it sends.</param>
    /// <param name="entropy">Chance, for records without a key.</param>
    public ProducerTopic(TopicView told, ProducerTopic? before, BatchSource source, ProducerOptions options, IEntropy entropy)
    {
        Name = told.Name;
        Id = told.Id;
        _options = options;
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

    /// <summary>True while a view of the cluster describes the topic as these queues do.</summary>
    public bool IsIn(ClusterView view)
    {
        if (ReferenceEquals(Volatile.Read(ref _confirmed), view))
        {
            return true;
        }

        bool isIn = view.TryGetTopic(Name, out TopicView? told) && Is(told);
        if (isIn)
        {
            Volatile.Write(ref _confirmed, view);
        }

        return isIn;
    }

    /// <summary>True when it is the same topic with more partitions, not one that was made anew.</summary>
    public bool IsGrown(TopicView told) => told.Id == Id && told.Partitions.Count >= PartitionCount;

    /// <summary>
    /// The queue of a record: the one that its caller named, or its partitioner; else the partition whose batch is open, and once that is
    /// full or gone another, so that few large batches leave rather than many small ones (KIP-480, KIP-794). Partitions without a leader
    /// are passed over.
    /// </summary>
    public bool TryChoose(
        in ProducerRecord record,
        ClusterView view,
        Waiters clock,
        [NotNullWhen(true)] out PartitionQueue? queue,
        [NotNullWhen(false)] out KafkaException? wrong
    )
    {
        wrong = null;
        if ((record.Partition ?? _options.Partitioner.Choose(Name, record, _queues.Length)) is not { } chosen)
        {
            queue = ChooseSticky(view, clock);
            return true;
        }

        queue = (uint)chosen < (uint)_queues.Length ? _queues[chosen] : null;
        wrong = queue is not null
            ? null
            : new KafkaException(
                ErrorCode.InvalidRequest,
                $"the partitioner {_options.Partitioner.GetType().Name} has chosen partition {chosen} of topic '{Name}', which has 0 to "
                    + $"{_queues.Length - 1}"
            );
        return queue is not null;
    }

    private PartitionQueue ChooseSticky(ClusterView view, Waiters clock)
    {
        PartitionQueue sticky = _queues[Volatile.Read(ref _sticky)];
        if (sticky.HasOpenBatch)
        {
            return sticky;
        }

        long nowMs = clock.NowMs;
        int count = _queues.Length;
        int[]? rented = count > MostOnStack ? ArrayPool<int>.Shared.Rent(count) : null;
        Span<int> waiting = rented is null ? stackalloc int[MostOnStack] : rented;
        waiting = waiting[..count];
        for (int i = 0; i < count; i++)
        {
            bool hasLeader = view.TryGetPartition(_queues[i].Partition, out _, out PartitionView? known) && known.Leader.IsNode;
            waiting[i] = hasLeader ? _queues[i].WaitingBatches(nowMs, _options.PartitionAvailabilityTimeout) : StickyChoice.Unavailable;
        }

        int chosen = StickyChoice.Choose(waiting, _options.AdaptivePartitioning, _entropy);
        if (rented is not null)
        {
            ArrayPool<int>.Shared.Return(rented);
        }

        Volatile.Write(ref _sticky, chosen);
        return _queues[chosen];
    }
}
