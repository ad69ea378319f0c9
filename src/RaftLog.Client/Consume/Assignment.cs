using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>The partitions that a consumer reads, each with its position. Safe for concurrent use.</summary>
internal sealed class Assignment
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<TopicPartition, ReadPosition> _positions = [];
    private int _nextGeneration;

    /// <summary>Reads these partitions from now on, and no others.</summary>
    public void Replace(IReadOnlyDictionary<TopicPartition, StartAt> partitions)
    {
        lock (_lock)
        {
            _positions.Clear();
            foreach ((TopicPartition partition, StartAt start) in partitions)
            {
                _positions[partition] = new ReadPosition(partition, start) { Generation = ++_nextGeneration };
            }
        }
    }

    /// <summary>Goes on somewhere else in one partition.</summary>
    /// <exception cref="ArgumentException">It is not assigned.</exception>
    public void Seek(TopicPartition partition, StartAt start)
    {
        lock (_lock)
        {
            if (!_positions.ContainsKey(partition))
            {
                throw new ArgumentException($"{partition} is not assigned to this consumer", nameof(partition));
            }

            _positions[partition] = new ReadPosition(partition, start) { Generation = ++_nextGeneration };
        }
    }

    /// <summary>The offset that the reader gets next; none before the first record of a start that must be searched.</summary>
    public Offset PositionOf(TopicPartition partition)
    {
        lock (_lock)
        {
            return _positions.TryGetValue(partition, out ReadPosition? position) ? position.Read : Offset.None;
        }
    }

    /// <summary>The first failure of a partition, or null.</summary>
    public KafkaException? Failure
    {
        get
        {
            lock (_lock)
            {
                foreach (ReadPosition position in _positions.Values)
                {
                    if (position.Failure is { } failure)
                    {
                        return failure;
                    }
                }

                return null;
            }
        }
    }

    /// <summary>Marks and returns the positions that still have to be found.</summary>
    public List<ReadPosition> TakeUnresolved(long nowMs)
    {
        lock (_lock)
        {
            return Take(position => position.Start is not null, nowMs);
        }
    }

    /// <summary>Marks and returns the positions that can be fetched from a leader that is free.</summary>
    public List<ReadPosition> TakeFetchable(long nowMs, Func<TopicPartition, bool> hasFreeLeader)
    {
        lock (_lock)
        {
            return Take(position => position.Start is null && hasFreeLeader(position.Partition), nowMs);
        }
    }

    /// <summary>When the next position that waits may be fetched; <see cref="long.MaxValue"/> when none waits for a time.</summary>
    public long NextWakeMs(long nowMs)
    {
        lock (_lock)
        {
            long next = long.MaxValue;
            foreach (ReadPosition position in _positions.Values)
            {
                if (!position.IsFetching && position.Failure is null && position.NotBeforeMs > nowMs)
                {
                    next = Math.Min(next, position.NotBeforeMs);
                }
            }

            return next;
        }
    }

    /// <summary>Changes a position that was taken, unless a seek has replaced it meanwhile; it can then be taken again.</summary>
    /// <returns>True when it was changed.</returns>
    public bool Update(ReadPosition taken, Action<ReadPosition> change)
    {
        lock (_lock)
        {
            if (!_positions.TryGetValue(taken.Partition, out ReadPosition? current) || current != taken)
            {
                return false;
            }

            taken.IsFetching = false;
            change(taken);
            return true;
        }
    }

    /// <summary>Moves the reader behind what it is about to get; false when that was fetched before a seek.</summary>
    public bool Deliver(FetchedRecords records)
    {
        lock (_lock)
        {
            if (!_positions.TryGetValue(records.Partition, out ReadPosition? position) || position.Generation != records.Generation)
            {
                return false;
            }

            position.Read = records.Next;
            return true;
        }
    }

    private List<ReadPosition> Take(Func<ReadPosition, bool> wanted, long nowMs)
    {
        List<ReadPosition> taken = [];
        foreach (ReadPosition position in _positions.Values)
        {
            if (!position.IsFetching && position.Failure is null && position.NotBeforeMs <= nowMs && wanted(position))
            {
                position.IsFetching = true;
                taken.Add(position);
            }
        }

        return taken;
    }
}
