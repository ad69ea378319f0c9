using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// Which positions wait for the next fetch, each in the line of the leader that is known for it, and which wait for a time. A partition
/// that brought records goes to the end of its leader's line, so that a full one starves none (KIP-74). Guarded by the lock of its
/// <see cref="Assignment"/>.
/// </summary>
internal sealed class LeaderLines
{
    private readonly SortedDictionary<NodeId, List<ReadPosition>> _idle = [];
    private readonly PriorityQueue<ReadPosition, long> _delayed = new();
    private readonly SortedDictionary<NodeId, LeaderSession> _sessions = [];

    /// <summary>What is known of the cluster.</summary>
    public ClusterView View { get; private set; } = ClusterView.Empty;

    /// <summary>When the next position that waits for a time may be fetched; <see cref="long.MaxValue"/> when none waits.</summary>
    public long NextWakeMs => _delayed.TryPeek(out _, out long notBeforeMs) ? notBeforeMs : long.MaxValue;

    /// <summary>True when a position that somebody wants has no leader that is known.</summary>
    public bool HasLeaderless =>
        _idle.TryGetValue(NodeId.None, out List<ReadPosition>? leaderless)
        && leaderless.Exists(static position => position.IsCurrent && !position.IsPaused);

    /// <summary>Puts a position at the end of its leader's line, unless it stands there.</summary>
    public void Enlist(ReadPosition position)
    {
        if (position.IsEnlisted)
        {
            return;
        }

        position.IsEnlisted = true;
        NodeId leader =
            View.TryGetPartition(position.Partition, out _, out PartitionView? known) && !IsBehind(position, known)
                ? known.Leader
                : NodeId.None;
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

    /// <summary>
    /// True while the leadership that is known is older than the last record that was read. A leader of then knows nothing of that record:
    /// it would say that it is not in the log.
    /// </summary>
    public bool IsBehind(ReadPosition position) =>
        View.TryGetPartition(position.Partition, out _, out PartitionView? known) && IsBehind(position, known);

    /// <summary>Begins a fetch from each leader that is free and leads something to fetch, and makes these leaders busy.</summary>
    public List<FetchTurn> Take()
    {
        List<FetchTurn> taken = [];
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

        return taken;
    }

    /// <summary>Lets a position wait for a time.</summary>
    public void Delay(ReadPosition position, long notBeforeMs)
    {
        position.State = ReadState.Delayed;
        _delayed.Enqueue(position, notBeforeMs);
    }

    /// <summary>Takes the positions whose time has come.</summary>
    public List<ReadPosition> TakeDue(long nowMs)
    {
        List<ReadPosition> due = [];
        while (_delayed.TryPeek(out ReadPosition? delayed, out long notBeforeMs) && notBeforeMs <= nowMs)
        {
            _delayed.Dequeue();
            if (delayed.IsCurrent && delayed.State == ReadState.Delayed)
            {
                due.Add(delayed);
            }
        }

        return due;
    }

    /// <summary>Takes over what is known of the cluster; <see cref="Regroup"/> follows.</summary>
    /// <returns>The positions in sessions whose leadership is another one now. All are found before the first leaves: a new leader gets a
    /// session.</returns>
    public List<ReadPosition> Learn(ClusterView view)
    {
        View = view;
        List<ReadPosition> moved = [];
        foreach (LeaderSession session in _sessions.Values)
        {
            foreach (ReadPosition position in session.Members)
            {
                if (
                    !View.TryGetPartition(position.Partition, out _, out PartitionView? known)
                    || known.Leader != session.Leader
                    || known.LeaderEpoch != position.SentLeaderEpoch
                )
                {
                    moved.Add(position);
                }
            }
        }

        return moved;
    }

    /// <summary>Puts every position into the line of the leader that is known now.</summary>
    public void Regroup()
    {
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

    /// <summary>Removes the positions without a leader that need not be waited for.</summary>
    public void RemoveLeaderless(Predicate<ReadPosition> which)
    {
        if (_idle.TryGetValue(NodeId.None, out List<ReadPosition>? leaderless))
        {
            leaderless.RemoveAll(which);
        }
    }

    private static bool IsBehind(ReadPosition position, PartitionView known) =>
        known.LeaderEpoch != LeaderEpoch.None && known.LeaderEpoch < position.Epochs.Last;

    /// <summary>Takes the positions in a leader's line; they are being fetched from now on.</summary>
    private List<ReadPosition> TakeLine(NodeId leader)
    {
        if (!_idle.TryGetValue(leader, out List<ReadPosition>? line) || line.Count == 0)
        {
            return [];
        }

        line.ForEach(static position => position.IsEnlisted = false);
        List<ReadPosition> positions = line.FindAll(static position =>
            position.IsCurrent && !position.IsPaused && position.State == ReadState.Idle
        );
        line.Clear();
        foreach (ReadPosition position in positions)
        {
            position.State = ReadState.Fetching;
            position.HasResponse = false;
            position.SentLeaderEpoch = View.TryGetPartition(position.Partition, out _, out PartitionView? known)
                ? known.LeaderEpoch
                : LeaderEpoch.None;
        }

        return positions;
    }
}
