using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The positions of an assignment, and what becomes of each when it is found, read, taken away, or when its topic changes. Guarded by the
/// lock of its <see cref="Assignment"/>.
/// </summary>
/// <param name="options">The consumer's options.</param>
/// <param name="goneLimit">For how long a partition may be gone before it fails.</param>
internal sealed class PositionTable(ConsumerOptions options, TimeSpan goneLimit)
{
    private readonly List<ReadPosition> _unresolved = [];
    private int _failed;

    /// <summary>The positions, by partition.</summary>
    public SortedDictionary<TopicPartition, ReadPosition> All { get; } = [];

    /// <summary>Which of them wait for a fetch.</summary>
    public LeaderLines Lines { get; } = new();

    /// <summary>What was fetched ahead.</summary>
    public ReadAhead Ahead { get; } = new(options.MaxBufferedBytes);

    /// <summary>The first failure of a partition, or null.</summary>
    public KafkaException? Failure
    {
        get
        {
            if (_failed == 0)
            {
                return null;
            }

            foreach (ReadPosition position in All.Values)
            {
                if (position.State == ReadState.Failed)
                {
                    return position.Failure;
                }
            }

            return null;
        }
    }

    /// <summary>The position is not, or no longer, as its leader knows it.</summary>
    public static void Leave(ReadPosition position) => position.Session?.Leave(position);

    /// <summary>The position of a partition.</summary>
    /// <exception cref="ArgumentException">It is not assigned.</exception>
    public ReadPosition Find(TopicPartition partition) =>
        All.TryGetValue(partition, out ReadPosition? position)
            ? position
            : throw new ArgumentException($"{partition} is not assigned to this consumer", nameof(partition));

    /// <summary>Reads a partition from now on.</summary>
    public ReadPosition Add(TopicPartition partition, StartAt start)
    {
        ReadPosition position = new(partition, start);
        if (start.TryGetPlace(default, out OffsetAndEpoch place, out _))
        {
            position.Read = place.Offset;
        }

        All[partition] = position;
        _unresolved.Add(position);
        return position;
    }

    /// <summary>Reads a position no longer.</summary>
    /// <param name="position">The position.</param>
    /// <param name="dropped">Gets what was fetched ahead of it.</param>
    public void Drop(ReadPosition position, List<FetchedRecords> dropped)
    {
        Leave(position);
        position.IsCurrent = false;
        _failed -= position.State == ReadState.Failed ? 1 : 0;
        dropped.AddRange(position.Buffered);
        position.Buffered.Clear();
    }

    /// <summary>The position waits for its next fetch, or for the reader where it holds its share.</summary>
    public void GetIdle(ReadPosition position)
    {
        Leave(position);
        if (!position.IsCurrent)
        {
            return;
        }

        position.State = Ahead.HoldsItsShare(position, All.Count) ? ReadState.Full : ReadState.Idle;
        if (position.State == ReadState.Idle && !position.IsPaused)
        {
            Lines.Enlist(position);
        }
    }

    /// <summary>Takes the positions that still have to be found.</summary>
    public List<ReadPosition> TakeUnresolved()
    {
        List<ReadPosition> taken = _unresolved.FindAll(position => position.IsCurrent && position.State == ReadState.Unresolved);
        taken.ForEach(position => position.State = ReadState.Resolving);
        _unresolved.Clear();
        return taken;
    }

    /// <summary>Takes over what is known of the cluster.</summary>
    /// <param name="view">What is known.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="changes">Gets what becomes of positions whose topics were made anew, or are gone.</param>
    public void Learn(ClusterView view, long nowMs, PositionChanges changes)
    {
        Lines.TakeDue(nowMs).ForEach(GetIdle);
        if (view.Version != Lines.View.Version)
        {
            Lines.Learn(view).ForEach(GetIdle);
            Lines.Regroup();
            foreach (ReadPosition position in All.Values.ToArray())
            {
                Check(position, nowMs, changes);
            }
        }

        Lines.RemoveLeaderless(position => HasVanished(position, nowMs, changes));
    }

    /// <summary>The position is not in the log: goes on where the policy says, or fails.</summary>
    public void Misplaced(ReadPosition position, ErrorCode error, string what, PositionChanges changes)
    {
        if (options.OffsetReset.TryGetStart(out StartAt start))
        {
            changes.Reset.Add((position.Partition, what));
            Drop(position, changes.Dropped);
            Add(position.Partition, start).IsPaused = position.IsPaused;
        }
        else
        {
            changes.Failed.Add((position.Partition, what));
            SetFailed(position, new KafkaException(error, $"{what}; seek, or set ConsumerOptions.OffsetReset (auto.offset.reset)"));
        }
    }

    /// <summary>Nothing more can be read before a seek.</summary>
    public void SetFailed(ReadPosition position, KafkaException reason)
    {
        Leave(position);
        _failed += position.State == ReadState.Failed ? 0 : 1;
        position.Failure = reason;
        position.State = ReadState.Failed;
    }

    /// <summary>Compares a position with what the cluster says of its topic now.</summary>
    private void Check(ReadPosition position, long nowMs, PositionChanges changes)
    {
        if (!Lines.View.TryGetTopic(position.Partition.Topic, out TopicView? topic))
        {
            return;
        }

        bool exists =
            topic.Error == ErrorCode.None
                ? position.Partition.Partition < topic.Partitions.Count
                : topic.Error != ErrorCode.UnknownTopicOrPartition;
        position.GoneSinceMs = exists && !Lines.IsBehind(position) ? long.MaxValue : Math.Min(position.GoneSinceMs, nowMs);
        if (position.TopicId != Uuid.Zero && topic.Id != Uuid.Zero && position.TopicId != topic.Id && position.State != ReadState.Failed)
        {
            string what =
                $"topic '{topic.Name}' was deleted and made anew: offset {position.Read} of {position.Partition} belongs to the log "
                + $"that is gone";
            Misplaced(position, ErrorCode.UnknownTopicId, what, changes);
        }
    }

    private bool HasVanished(ReadPosition position, long nowMs, PositionChanges changes)
    {
        if (!position.IsCurrent || position.GoneSinceMs > nowMs - (long)goneLimit.TotalMilliseconds)
        {
            return false;
        }

        if (Lines.IsBehind(position))
        {
            string what =
                $"offset {position.Read} of {position.Partition} belongs to another log: a record before it is of leader epoch "
                + $"{position.Epochs.Last}, and for {goneLimit.TotalSeconds} s (default.api.timeout.ms) no broker has known a leader epoch "
                + $"so high";
            Misplaced(position, ErrorCode.UnknownLeaderEpoch, what, changes);
            return true;
        }

        string gone =
            $"{position.Partition} does not exist any more: no broker has known it for {goneLimit.TotalSeconds} s (default.api.timeout.ms)";
        changes.Failed.Add((position.Partition, gone));
        SetFailed(position, new KafkaException(ErrorCode.UnknownTopicOrPartition, gone));
        return true;
    }
}
