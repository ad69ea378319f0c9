using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The partitions that a consumer reads, each with its position: which of them to fetch next from which leader, and whose records the
/// reader gets next. Both go round: see <see cref="LeaderLines"/> and <see cref="ReadAhead"/>. Decides and waits for nothing. Safe for
/// concurrent use.
/// </summary>
internal sealed class Assignment(ConsumerOptions options, TimeSpan goneLimit)
{
    private readonly Lock _lock = new();
    private readonly PositionTable _table = new(options, goneLimit);

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
            return position.IsCurrent ? Seek(position.Partition, StartAt.Offset(offset)) : [];
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

            List<FetchedRecords> dropped = Seek(partition, StartAt.Offset(offset));
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

    /// <summary>The offset that the reader gets next; none before the first record of a start that must be searched.</summary>
    public Offset PositionOf(TopicPartition partition)
    {
        lock (_lock)
        {
            return _table.All.TryGetValue(partition, out ReadPosition? position) ? position.Read : Offset.None;
        }
    }

    /// <summary>The offset up to which a partition is done, as somebody has said; none before.</summary>
    public Offset StoredOf(TopicPartition partition)
    {
        lock (_lock)
        {
            return _table.All.TryGetValue(partition, out ReadPosition? position) ? position.Stored : Offset.None;
        }
    }

    /// <summary>The end of what may be read, as the last fetch told it; none before the first.</summary>
    public Offset EndOf(TopicPartition partition)
    {
        lock (_lock)
        {
            return _table.All.TryGetValue(partition, out ReadPosition? position) ? position.End : Offset.None;
        }
    }

    /// <summary>True where only stored offsets are committed; else what was handed out.</summary>
    public bool CommitsStored { get; set; } = !options.AutoOffsetStore;

    /// <summary>A partition is done up to an offset; false when it is not assigned.</summary>
    public bool TryStore(TopicPartition partition, Offset offset)
    {
        lock (_lock)
        {
            if (!_table.All.TryGetValue(partition, out ReadPosition? position))
            {
                return false;
            }

            position.Stored = offset == Offset.None ? position.Stored : offset;
            return true;
        }
    }

    /// <summary>The offsets to commit of these partitions, where there is one.</summary>
    public SortedDictionary<TopicPartition, Offset> Committable(IEnumerable<TopicPartition> of)
    {
        SortedDictionary<TopicPartition, Offset> positions = [];
        lock (_lock)
        {
            foreach (TopicPartition partition in of)
            {
                if (
                    _table.All.TryGetValue(partition, out ReadPosition? position)
                    && (CommitsStored ? position.Stored : position.Read) is var offset
                    && offset != Offset.None
                )
                {
                    positions[partition] = offset;
                }
            }
        }

        return positions;
    }

    /// <summary>
    /// Takes over what is known of the cluster: who leads what, which topics have been made anew under their readers, and which are gone
    /// for so long that nobody need wait for them.
    /// </summary>
    /// <returns>What was fetched ahead of topics that were made anew.</returns>
    public List<FetchedRecords> Learn(ClusterView view, long nowMs)
    {
        List<FetchedRecords> dropped = [];
        lock (_lock)
        {
            _table.Learn(view, nowMs, dropped);
        }

        return dropped;
    }

    /// <summary>Takes the positions that still have to be found.</summary>
    public List<ReadPosition> TakeUnresolved()
    {
        lock (_lock)
        {
            return _table.TakeUnresolved();
        }
    }

    /// <summary>The beginning was found.</summary>
    public void Resolve(ReadPosition taken, Uuid topicId, Offset offset)
    {
        lock (_lock)
        {
            if (!IsUnderWay(taken))
            {
                return;
            }

            taken.TopicId = topicId;
            taken.Fetch = offset;
            taken.Read = offset;
            taken.LastEpoch = LeaderEpoch.None;
            _table.GetIdle(taken);
        }
    }

    /// <summary>
    /// Begins a fetch from each leader that is free and leads something to fetch, and makes these leaders busy until <see cref="Free"/>.
    /// Nothing while what waits for the reader is at its bound.
    /// </summary>
    /// <param name="hasLeaderless">True when a partition has no leader that is known: ask for metadata and come again.</param>
    public List<FetchTurn> TakeFetches(out bool hasLeaderless)
    {
        lock (_lock)
        {
            hasLeaderless = !_table.Ahead.IsFull && _table.Lines.HasLeaderless;
            return _table.Ahead.IsFull ? [] : _table.Lines.Take();
        }
    }

    /// <summary>The leader has answered a fetch, and keeps a session from now on, or none where the id is 0.</summary>
    public void OnResponse(FetchTurn turn, int sessionId)
    {
        lock (_lock)
        {
            turn.Session.OnResponse(sessionId);
        }
    }

    /// <summary>The position that a part of a response is about; null when nobody waits for it any more.</summary>
    public ReadPosition? Find(FetchTurn turn, Uuid topicId, TopicPartition name)
    {
        lock (_lock)
        {
            return turn.Session.TryFind(topicId, name, out ReadPosition? position) ? position : null;
        }
    }

    /// <summary>What the leader knows counts no more: all that waits for it is fetched again, but not before a time.</summary>
    public void EndSession(FetchTurn turn, long notBeforeMs)
    {
        lock (_lock)
        {
            foreach (ReadPosition position in turn.Session.End())
            {
                _table.Lines.Delay(position, notBeforeMs);
            }
        }
    }

    /// <summary>The leadership of a position has moved: it is fetched from the leader that is known now.</summary>
    public void Move(ReadPosition taken)
    {
        lock (_lock)
        {
            if (IsUnderWay(taken))
            {
                _table.GetIdle(taken);
            }
        }
    }

    /// <summary>The leader's fetch has ended.</summary>
    public void Free(FetchTurn turn)
    {
        lock (_lock)
        {
            turn.Session.IsBusy = false;
        }
    }

    /// <summary>When the next position that waits for a time may be fetched; <see cref="long.MaxValue"/> when none waits.</summary>
    public long NextWakeMs()
    {
        lock (_lock)
        {
            return _table.Lines.NextWakeMs;
        }
    }

    /// <summary>A fetch brought no records of the partition. In a session the leader goes on to wait for them.</summary>
    public void Nothing(ReadPosition taken, Offset end)
    {
        lock (_lock)
        {
            if (IsUnderWay(taken))
            {
                taken.End = end;
                if (taken.Session is not { IsKept: true })
                {
                    _table.GetIdle(taken);
                }
            }
        }
    }

    /// <summary>A fetch brought records; false when nobody wants them any more.</summary>
    public bool Keep(ReadPosition taken, FetchExtent extent, FetchedRecords records)
    {
        lock (_lock)
        {
            if (!IsUnderWay(taken))
            {
                return false;
            }

            taken.Fetch = extent.Next;
            taken.LastEpoch = extent.LastEpoch;
            taken.End = records.HighWatermark;
            _table.Ahead.Keep(taken, records);
            _table.GetIdle(taken);
            return true;
        }
    }

    /// <summary>Fetches the position again, but not before a time.</summary>
    public void Delay(ReadPosition taken, long notBeforeMs)
    {
        lock (_lock)
        {
            if (IsUnderWay(taken))
            {
                PositionTable.Leave(taken);
                _table.Lines.Delay(taken, notBeforeMs);
            }
        }
    }

    /// <summary>The position is not in the log: goes on where the consumer's policy says, or fails.</summary>
    /// <returns>What was fetched ahead of it and is void.</returns>
    public List<FetchedRecords> Reset(ReadPosition taken, ErrorCode error, string what)
    {
        List<FetchedRecords> dropped = [];
        lock (_lock)
        {
            if (IsUnderWay(taken))
            {
                _table.Misplaced(taken, error, what, dropped);
            }
        }

        return dropped;
    }

    /// <summary>True while what was fetched ahead of the position has not all been read.</summary>
    public bool HasUnread(ReadPosition taken)
    {
        lock (_lock)
        {
            return taken.IsCurrent && taken.Buffered.Count > 0;
        }
    }

    /// <summary>Nothing more can be read before a seek.</summary>
    public void Fail(ReadPosition taken, KafkaException reason)
    {
        lock (_lock)
        {
            if (IsUnderWay(taken))
            {
                _table.SetFailed(taken, reason);
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

    private static bool IsUnderWay(ReadPosition taken) => taken.IsCurrent && taken.State is ReadState.Fetching or ReadState.Resolving;
}
