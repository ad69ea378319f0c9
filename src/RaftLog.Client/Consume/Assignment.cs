using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The partitions that a consumer reads, each with its position: which of them to fetch next from which leader, and whose records the reader
/// gets next. Both go round: a partition that brought records goes to the end of its leader's line, and the reader takes one fetch of each
/// partition in turn, so that a full partition starves none (KIP-74). No partition buffers more than its share. Decides and waits
/// for nothing. Safe for concurrent use.
/// </summary>
internal sealed class Assignment(ConsumerOptions options, TimeSpan goneLimit)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<TopicPartition, ReadPosition> _positions = [];
    private readonly SortedDictionary<NodeId, List<ReadPosition>> _idle = [];
    private readonly PriorityQueue<ReadPosition, long> _delayed = new();
    private readonly List<ReadPosition> _unresolved = [];
    private readonly Queue<ReadPosition> _line = new();
    private readonly SortedDictionary<NodeId, LeaderSession> _sessions = [];
    private ClusterView _view = ClusterView.Empty;
    private long _bufferedBytes;
    private int _failed;

    /// <summary>The partitions.</summary>
    public IReadOnlyList<TopicPartition> Partitions
    {
        get
        {
            lock (_lock)
            {
                return [.. _positions.Keys];
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
                if (_failed == 0)
                {
                    return null;
                }

                foreach (ReadPosition position in _positions.Values)
                {
                    if (position.State == ReadState.Failed)
                    {
                        return position.Failure;
                    }
                }

                return null;
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
            foreach (ReadPosition position in _positions.Values)
            {
                Drop(position, dropped);
            }

            _positions.Clear();
            foreach ((TopicPartition partition, StartAt start) in partitions)
            {
                Add(partition, start);
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
                if (_positions.Remove(partition, out ReadPosition? position))
                {
                    Drop(position, dropped);
                }
            }

            foreach ((TopicPartition partition, StartAt start) in given)
            {
                if (!_positions.ContainsKey(partition))
                {
                    Add(partition, start);
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
            ReadPosition before = Find(partition);
            Drop(before, dropped);
            Add(partition, start).IsPaused = before.IsPaused;
        }

        return dropped;
    }

    /// <summary>The reader has not taken all that it got: the position is before the rest. False once the partition has been taken or sought.</summary>
    public bool TrySetRead(ReadPosition position, Offset next)
    {
        lock (_lock)
        {
            position.Read = position.IsCurrent ? next : position.Read;
            return position.IsCurrent;
        }
    }

    /// <summary>The reader will not take the rest of what it got: it is fetched again, unless the partition has been taken or sought meanwhile.</summary>
    /// <returns>What was fetched ahead behind it.</returns>
    public List<FetchedRecords> SeekIfCurrent(ReadPosition position, Offset offset)
    {
        lock (_lock)
        {
            return position.IsCurrent ? Seek(position.Partition, StartAt.Offset(offset)) : [];
        }
    }

    /// <summary>Stops fetching and handing out a partition's records, or goes on with it where it was.</summary>
    /// <exception cref="ArgumentException">It is not assigned.</exception>
    public void Pause(TopicPartition partition, bool paused)
    {
        lock (_lock)
        {
            ReadPosition position = Find(partition);
            if (position.IsPaused == paused)
            {
                return;
            }

            position.IsPaused = paused;
            if (paused && position.State == ReadState.Fetching)
            {
                Leave(position);
                position.State = ReadState.Idle;
            }
            else if (!paused)
            {
                GetInLine(position);
                if (position.State == ReadState.Idle)
                {
                    Enlist(position);
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
                return [.. _positions.Values.Where(position => position.IsPaused).Select(position => position.Partition)];
            }
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

    /// <summary>The end of what may be read, as the last fetch told it; none before the first.</summary>
    public Offset EndOf(TopicPartition partition)
    {
        lock (_lock)
        {
            return _positions.TryGetValue(partition, out ReadPosition? position) ? position.End : Offset.None;
        }
    }

    /// <summary>The offsets that the reader gets next, of all partitions where they are known.</summary>
    public SortedDictionary<TopicPartition, Offset> Positions()
    {
        SortedDictionary<TopicPartition, Offset> positions = [];
        lock (_lock)
        {
            foreach ((TopicPartition partition, ReadPosition position) in _positions)
            {
                if (position.Read != Offset.None)
                {
                    positions.Add(partition, position.Read);
                }
            }
        }

        return positions;
    }

    /// <summary>
    /// Takes over what is known of the cluster: who leads what, which topics have been made anew under their readers, and which are gone for
    /// so long that nobody need wait for them.
    /// </summary>
    /// <returns>What was fetched ahead of topics that were made anew.</returns>
    public List<FetchedRecords> Learn(ClusterView view, long nowMs)
    {
        List<FetchedRecords> dropped = [];
        lock (_lock)
        {
            while (_delayed.TryPeek(out ReadPosition? delayed, out long notBeforeMs) && notBeforeMs <= nowMs)
            {
                _delayed.Dequeue();
                if (delayed.IsCurrent && delayed.State == ReadState.Delayed)
                {
                    GetIdle(delayed);
                }
            }

            if (view.Version != _view.Version)
            {
                _view = view;
                Regroup();
                foreach (ReadPosition position in _positions.Values.ToArray())
                {
                    Check(position, nowMs, dropped);
                }
            }

            if (_idle.TryGetValue(NodeId.None, out List<ReadPosition>? leaderless))
            {
                leaderless.RemoveAll(position => HasVanished(position, nowMs));
            }
        }

        return dropped;
    }

    /// <summary>Takes the positions that still have to be found.</summary>
    public List<ReadPosition> TakeUnresolved()
    {
        lock (_lock)
        {
            List<ReadPosition> taken = _unresolved.FindAll(position => position.IsCurrent && position.State == ReadState.Unresolved);
            taken.ForEach(position => position.State = ReadState.Resolving);
            _unresolved.Clear();
            return taken;
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
            GetIdle(taken);
        }
    }

    /// <summary>
    /// Begins a fetch from each leader that is free and leads something to fetch, and makes these leaders busy until <see cref="Free"/>. Nothing while
    /// what waits for the reader is at its bound.
    /// </summary>
    /// <param name="hasLeaderless">True when a partition has no leader that is known: ask for metadata and come again.</param>
    public List<FetchTurn> TakeFetches(out bool hasLeaderless)
    {
        List<FetchTurn> taken = [];
        hasLeaderless = false;
        lock (_lock)
        {
            if (_bufferedBytes >= options.MaxBufferedBytes)
            {
                return taken;
            }

            hasLeaderless = _idle.TryGetValue(NodeId.None, out List<ReadPosition>? leaderless)
                && leaderless.Exists(static position => position.IsCurrent && !position.IsPaused);
            foreach (LeaderSession session in _sessions.Values)
            {
                if (session.IsBusy)
                {
                    continue;
                }

                List<ReadPosition> changed = TakeLine(session.Leader);
                if (changed.Count > 0 || !session.IsEmpty)
                {
                    taken.Add(session.Begin(changed));
                }
            }
        }

        return taken;
    }

    /// <summary>The leader has answered a fetch, and keeps a session from now on, or none where the id is 0.</summary>
    public void Answered(FetchTurn turn, int sessionId)
    {
        lock (_lock)
        {
            turn.Session.Answered(sessionId);
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
                position.State = ReadState.Delayed;
                _delayed.Enqueue(position, notBeforeMs);
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
                GetIdle(taken);
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
            return _delayed.TryPeek(out _, out long notBeforeMs) ? notBeforeMs : long.MaxValue;
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
                    GetIdle(taken);
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
            taken.Buffered.Enqueue(records);
            records.IsCounted = true;
            records.Position = taken;
            taken.BufferedBytes += records.Bytes;
            _bufferedBytes += records.Bytes;
            GetInLine(taken);
            GetIdle(taken);
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
                Leave(taken);
                taken.State = ReadState.Delayed;
                _delayed.Enqueue(taken, notBeforeMs);
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
                Misplaced(taken, error, what, dropped);
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
                SetFailed(taken, reason);
            }
        }
    }

    /// <summary>The next records for the reader, whose position moves behind them; null when there are none.</summary>
    /// <param name="hasRoom">True when more may be fetched now than before.</param>
    public FetchedRecords? Deliver(out bool hasRoom)
    {
        hasRoom = false;
        lock (_lock)
        {
            while (_line.TryDequeue(out ReadPosition? position))
            {
                position.IsInLine = false;
                if (!position.IsCurrent || position.IsPaused || !position.Buffered.TryDequeue(out FetchedRecords? records))
                {
                    continue;
                }

                position.BufferedBytes -= records.Bytes;
                position.Read = records.Next;
                GetInLine(position);
                if (position.State == ReadState.Full && position.BufferedBytes < Share)
                {
                    GetIdle(position);
                    hasRoom = true;
                }

                return records;
            }
        }

        return null;
    }

    /// <summary>The reader has given records back.</summary>
    /// <returns>True when more may be fetched now than before.</returns>
    public bool Return(long bytes)
    {
        lock (_lock)
        {
            bool wasFull = _bufferedBytes >= options.MaxBufferedBytes;
            _bufferedBytes -= bytes;
            return wasFull && _bufferedBytes < options.MaxBufferedBytes;
        }
    }

    /// <summary>Takes everything that was fetched ahead, at the end.</summary>
    public List<FetchedRecords> Clear() => Replace(new SortedDictionary<TopicPartition, StartAt>());

    /// <summary>What one partition may buffer: its part of the whole, so that one whose reader is slow leaves room for the others.</summary>
    private long Share => Math.Max(1, options.MaxBufferedBytes / Math.Max(1, _positions.Count));

    private static bool IsUnderWay(ReadPosition taken) =>
        taken.IsCurrent && taken.State is ReadState.Fetching or ReadState.Resolving;

    private ReadPosition Find(TopicPartition partition) => _positions.TryGetValue(partition, out ReadPosition? position)
        ? position
        : throw new ArgumentException($"{partition} is not assigned to this consumer", nameof(partition));

    private ReadPosition Add(TopicPartition partition, StartAt start)
    {
        ReadPosition position = new(partition, start);
        if (start.TryGetOffset(default, out Offset offset, out _))
        {
            position.Read = offset;
        }

        _positions[partition] = position;
        _unresolved.Add(position);
        return position;
    }

    private static void Leave(ReadPosition position) => position.Session?.Leave(position);

    private void Drop(ReadPosition position, List<FetchedRecords> dropped)
    {
        Leave(position);
        position.IsCurrent = false;
        _failed -= position.State == ReadState.Failed ? 1 : 0;
        dropped.AddRange(position.Buffered);
        position.Buffered.Clear();
    }

    private void GetInLine(ReadPosition position)
    {
        if (!position.IsInLine && !position.IsPaused && position.Buffered.Count > 0)
        {
            position.IsInLine = true;
            _line.Enqueue(position);
        }
    }

    private void GetIdle(ReadPosition position)
    {
        Leave(position);
        if (!position.IsCurrent)
        {
            return;
        }

        position.State = position.BufferedBytes > 0 && position.BufferedBytes >= Share ? ReadState.Full : ReadState.Idle;
        if (position.State == ReadState.Idle && !position.IsPaused)
        {
            Enlist(position);
        }
    }

    private void Enlist(ReadPosition position)
    {
        if (position.IsEnlisted)
        {
            return;
        }

        position.IsEnlisted = true;
        NodeId leader = _view.TryGetPartition(position.Partition, out _, out PartitionView? known) ? known.Leader : NodeId.None;
        if (leader.IsNode && !_sessions.ContainsKey(leader))
        {
            // One a broker that leads something; a cluster has few.
            _sessions.Add(leader, new LeaderSession(leader));
        }

        if (!_idle.TryGetValue(leader, out List<ReadPosition>? line))
        {
            _idle.Add(leader, line = []);
        }

        line.Add(position);
    }

    /// <summary>Takes the positions in a leader's line; they are being fetched from now on.</summary>
    private List<ReadPosition> TakeLine(NodeId leader)
    {
        if (!_idle.TryGetValue(leader, out List<ReadPosition>? line) || line.Count == 0)
        {
            return [];
        }

        line.ForEach(static position => position.IsEnlisted = false);
        List<ReadPosition> positions = line.FindAll(static position => position.IsCurrent && !position.IsPaused && position.State == ReadState.Idle);
        line.Clear();
        foreach (ReadPosition position in positions)
        {
            position.State = ReadState.Fetching;
            position.IsAnswered = false;
            position.ToldEpoch = _view.TryGetPartition(position.Partition, out _, out PartitionView? known) ? known.LeaderEpoch : LeaderEpoch.None;
        }

        return positions;
    }

    /// <summary>Takes those out of their sessions whose leadership is another one now. All are found before the first leaves: a new leader gets a session.</summary>
    private void LeaveMoved()
    {
        List<ReadPosition> moved = [];
        foreach (LeaderSession session in _sessions.Values)
        {
            foreach (ReadPosition position in session.Members)
            {
                if (!_view.TryGetPartition(position.Partition, out _, out PartitionView? known)
                    || known.Leader != session.Leader || known.LeaderEpoch != position.ToldEpoch)
                {
                    moved.Add(position);
                }
            }
        }

        moved.ForEach(GetIdle);
    }

    private void Regroup()
    {
        LeaveMoved();
        List<ReadPosition> idle = [];
        foreach (List<ReadPosition> line in _idle.Values)
        {
            idle.AddRange(line);
        }

        _idle.Clear();
        foreach (ReadPosition position in idle)
        {
            position.IsEnlisted = false;
            if (position.IsCurrent && position.State == ReadState.Idle && !position.IsPaused)
            {
                Enlist(position);
            }
        }
    }

    /// <summary>Compares a position with what the cluster says of its topic now.</summary>
    private void Check(ReadPosition position, long nowMs, List<FetchedRecords> dropped)
    {
        if (!_view.TryGetTopic(position.Partition.Topic, out TopicView? topic))
        {
            return;
        }

        bool exists = topic.Error == ErrorCode.None
            ? position.Partition.Partition < topic.Partitions.Count
            : topic.Error != ErrorCode.UnknownTopicOrPartition;
        position.GoneSinceMs = exists ? long.MaxValue : Math.Min(position.GoneSinceMs, nowMs);
        if (position.TopicId != Uuid.Zero && topic.Id != Uuid.Zero && position.TopicId != topic.Id && position.State != ReadState.Failed)
        {
            string what = $"topic '{topic.Name}' was deleted and made anew: offset {position.Read} of {position.Partition} belongs to the log that is gone";
            Misplaced(position, ErrorCode.UnknownTopicId, what, dropped);
        }
    }

    private bool HasVanished(ReadPosition position, long nowMs)
    {
        if (!position.IsCurrent || position.GoneSinceMs > nowMs - (long)goneLimit.TotalMilliseconds)
        {
            return false;
        }

        SetFailed(position, new KafkaException(
            ErrorCode.UnknownTopicOrPartition,
            $"{position.Partition} does not exist any more: no broker has known it for {goneLimit.TotalSeconds} s (default.api.timeout.ms)"));
        return true;
    }

    private void Misplaced(ReadPosition position, ErrorCode error, string what, List<FetchedRecords> dropped)
    {
        if (options.OffsetReset.TryGetStart(out StartAt start))
        {
            Drop(position, dropped);
            Add(position.Partition, start).IsPaused = position.IsPaused;
        }
        else
        {
            SetFailed(position, new KafkaException(error, $"{what}; seek, or set auto.offset.reset"));
        }
    }

    private void SetFailed(ReadPosition position, KafkaException reason)
    {
        Leave(position);
        _failed += position.State == ReadState.Failed ? 0 : 1;
        position.Failure = reason;
        position.State = ReadState.Failed;
    }
}
