using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The partitions that a consumer reads, each with its position: which of them to fetch next from which leader, and whose records the
/// reader gets next. Both go round: see <see cref="LeaderLines"/> and <see cref="ReadAhead"/>. Decides and waits for nothing. Safe for
/// concurrent use.
/// </summary>
internal sealed class Assignment
{
    private readonly Lock _lock = new();
    private readonly PositionTable _table;

    public Assignment(ConsumerOptions options, TimeSpan goneLimit)
    {
        _table = new PositionTable(options, goneLimit);
        Fetches = new FetchPositions(_lock, _table);
        Offsets = new ConsumedOffsets(_lock, _table, commitsStored: !options.AutoOffsetStore);
    }

    /// <summary>The same positions for the loop that fetches.</summary>
    public FetchPositions Fetches { get; }

    /// <summary>How far the consumer is in each of them.</summary>
    public ConsumedOffsets Offsets { get; }

    /// <summary>The partitions.</summary>
    public IReadOnlyList<TopicPartition> Partitions
    {
        get
        {
            lock (_lock)
            {
                return [.. _table.All.Keys];
            }
        }
    }

    /// <summary>The first failure of a partition, or null.</summary>
    public KafkaException? Failure
    {
        get
        {
            lock (_lock)
            {
                return _table.Failure;
            }
        }
    }

    /// <summary>Reads these partitions from now on, and no others.</summary>
    /// <returns>What was fetched ahead of the others, to be given back.</returns>
    public List<FetchedRecords> Replace(IReadOnlyDictionary<TopicPartition, StartAt> partitions)
    {
        List<FetchedRecords> dropped = [];
        lock (_lock)
        {
            foreach (ReadPosition position in _table.All.Values)
            {
                _table.Drop(position, dropped);
            }

            _table.All.Clear();
            foreach ((TopicPartition partition, StartAt start) in partitions)
            {
                _table.Add(partition, start);
            }
        }

        return dropped;
    }

    /// <summary>Reads no longer what was taken away, and from now on what was given too; the others go on undisturbed.</summary>
    /// <returns>What was fetched ahead of those taken away.</returns>
    public List<FetchedRecords> Change(IReadOnlyCollection<TopicPartition> taken, IReadOnlyDictionary<TopicPartition, StartAt> given)
    {
        List<FetchedRecords> dropped = [];
        lock (_lock)
        {
            foreach (TopicPartition partition in taken)
            {
                if (_table.All.Remove(partition, out ReadPosition? position))
                {
                    _table.Drop(position, dropped);
                }
            }

            foreach ((TopicPartition partition, StartAt start) in given)
            {
                if (!_table.All.ContainsKey(partition))
                {
                    _table.Add(partition, start);
                }
            }
        }

        return dropped;
    }

    /// <summary>Goes on somewhere else in one partition.</summary>
    /// <returns>What was fetched ahead of it.</returns>
    /// <exception cref="ArgumentException">It is not assigned.</exception>
    public List<FetchedRecords> Seek(TopicPartition partition, StartAt start)
    {
        List<FetchedRecords> dropped = [];
        lock (_lock)
        {
            ReadPosition before = _table.Find(partition);
            _table.Drop(before, dropped);
            _table.Add(partition, start).IsPaused = before.IsPaused;
        }

        return dropped;
    }

    /// <summary>
    /// The reader has not taken all that it got: the position is before the rest. False once the partition has been taken or sought.
    /// </summary>
    public bool TrySetRead(ReadPosition position, Offset next)
    {
        lock (_lock)
        {
            position.Read = position.IsCurrent ? next : position.Read;
            return position.IsCurrent;
        }
    }

    /// <summary>
    /// The reader will not take the rest of what it got: it is fetched again, unless the partition has been taken or sought meanwhile.
    /// </summary>
    /// <returns>What was fetched ahead behind it.</returns>
    public List<FetchedRecords> SeekIfCurrent(ReadPosition position, Offset offset)
    {
        lock (_lock)
        {
            return position.IsCurrent ? GoTo(position, offset) : [];
        }
    }

    /// <summary>Goes back to an offset that was read but is not done, unless the partition has been taken.</summary>
    /// <returns>What was fetched ahead behind it.</returns>
    public List<FetchedRecords> GoBack(TopicPartition partition, Offset offset)
    {
        lock (_lock)
        {
            if (offset == Offset.None || !_table.All.TryGetValue(partition, out ReadPosition? position) || position.Read <= offset)
            {
                return [];
            }

            List<FetchedRecords> dropped = GoTo(position, offset);
            _table.All[partition].Stored = offset;
            return dropped;
        }
    }

    /// <summary>Stops fetching and handing out a partition's records, or goes on with it where it was.</summary>
    /// <exception cref="ArgumentException">It is not assigned.</exception>
    public void Pause(TopicPartition partition, bool paused)
    {
        lock (_lock)
        {
            ReadPosition position = _table.Find(partition);
            if (position.IsPaused == paused)
            {
                return;
            }

            position.IsPaused = paused;
            if (paused && position.State == ReadState.Fetching)
            {
                PositionTable.Leave(position);
                position.State = ReadState.Idle;
            }
            else if (!paused)
            {
                _table.Ahead.GetInLine(position);
                if (position.State == ReadState.Idle)
                {
                    _table.Lines.Enlist(position);
                }
            }
        }
    }

    /// <summary>The partitions that are paused.</summary>
    public IReadOnlyList<TopicPartition> Paused
    {
        get
        {
            lock (_lock)
            {
                return [.. _table.All.Values.Where(position => position.IsPaused).Select(position => position.Partition)];
            }
        }
    }

    /// <summary>The next records for the reader, whose position moves behind them; null when there are none.</summary>
    /// <param name="hasRoom">True when more may be fetched now than before.</param>
    public FetchedRecords? Deliver(Func<TopicPartition, bool> hasRoom, out bool canFetch)
    {
        canFetch = false;
        lock (_lock)
        {
            if (!_table.Ahead.TryTake(hasRoom, out ReadPosition? position, out FetchedRecords? records))
            {
                return null;
            }

            position.Read = records.Next;
            if (position.State == ReadState.Full && !_table.Ahead.HoldsItsShare(position, _table.All.Count))
            {
                _table.GetIdle(position);
                canFetch = true;
            }

            return records;
        }
    }

    /// <summary>The reader has given records back.</summary>
    /// <returns>True when more may be fetched now than before.</returns>
    public bool Return(long bytes)
    {
        lock (_lock)
        {
            return _table.Ahead.Return(bytes);
        }
    }

    /// <summary>Takes everything that was fetched ahead, at the end.</summary>
    public List<FetchedRecords> Clear() => Replace(new SortedDictionary<TopicPartition, StartAt>());

    /// <summary>Reads again what was fetched, from an offset on.</summary>
    private List<FetchedRecords> GoTo(ReadPosition position, Offset offset) =>
        Seek(position.Partition, StartAt.Place(new OffsetAndEpoch(offset, position.Epochs.Before(offset))));
}
