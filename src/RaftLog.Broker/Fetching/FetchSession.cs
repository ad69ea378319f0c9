using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Fetching;

/// <summary>Whose fetches a session serves.</summary>
/// <param name="UsesTopicIds">True when partitions are named by topic id.</param>
/// <param name="Replica">The follower, whose session is not evicted for a consumer's; None for a consumer.</param>
/// <param name="Incarnation">The follower's incarnation; None where it does not say.</param>
internal readonly record struct SessionOwner(bool UsesTopicIds, NodeId Replica, BrokerEpoch Incarnation);

/// <summary>
/// One client's incremental fetches (KIP-227): the partitions it reads are kept here, and each request names only what changed. One request
/// at a time owns it, from the look-up in <see cref="FetchSessions"/> until its response is made, and changes it without a lock.
/// <para>
/// A request costs what it names and what has moved, not what the session holds: a partition that has nothing for the client watches for
/// itself and lists the partition when that changes.
/// </para>
/// </summary>
internal sealed class FetchSession(int id, SessionOwner owner)
{
    private readonly Dictionary<FetchKey, FetchTarget> _byKey = [];
    private readonly SessionUpdates _updates = new();
    private Audience? _audience;
    private long _lastUsedMs;
    private long _usedBeforeMs;

    /// <summary>The session's id, above 0.</summary>
    public int Id { get; } = id;

    /// <summary>Whose it is.</summary>
    public SessionOwner Owner { get; } = owner;

    /// <summary>True for a follower's session.</summary>
    public bool IsReplica => Owner.Replica.IsNode;

    /// <summary>The epoch that the next request must carry.</summary>
    public int NextEpoch { get; private set; } = 1;

    /// <summary>When its last request came, in monotonic milliseconds.</summary>
    public long LastUsedMs
    {
        get => Volatile.Read(ref _lastUsedMs);
        set
        {
            Volatile.Write(ref _usedBeforeMs, _lastUsedMs);
            Volatile.Write(ref _lastUsedMs, value);
        }
    }

    /// <summary>When the request before its last one came: the last that counts for a partition which the last one forgets.</summary>
    public long UsedBeforeMs => Volatile.Read(ref _usedBeforeMs);

    /// <summary>True while a request owns it. Under the lock of <see cref="FetchSessions"/>.</summary>
    public bool IsOwned { get; set; }

    /// <summary>True once another has taken its place: nobody finds it any more. Under the lock of <see cref="FetchSessions"/>.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>True when it holds no partition.</summary>
    public bool IsEmpty => _byKey.Count == 0;

    /// <summary>Takes the next epoch: 1 follows the largest, since 0 begins a session.</summary>
    public void Advance() => NextEpoch = NextEpoch == int.MaxValue ? 1 : NextEpoch + 1;

    /// <summary>Adds and changes partitions, and forgets others.</summary>
    public void Update(FetchRequest request)
    {
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition partition in topic.Partitions)
            {
                FetchKey key = new(topic.Topic, topic.TopicId, partition.Partition);
                if (!_byKey.TryGetValue(key, out FetchTarget? target))
                {
                    target = new FetchTarget(key, this);
                    _byKey.Add(key, target);
                }

                FetchTargets.Fill(target, partition);
                _updates.Add(target);
            }
        }

        foreach (FetchRequest.ForgottenTopic topic in request.ForgottenTopicsData)
        {
            foreach (int partition in topic.Partitions)
            {
                if (_byKey.Remove(new FetchKey(topic.Topic, topic.TopicId, partition), out FetchTarget? target))
                {
                    target.Forget();
                }
            }
        }
    }

    /// <summary>
    /// The partitions to look at: those that were named, have moved, or had something that did not fit before. Those that wait longest come
    /// first.
    /// </summary>
    public IReadOnlyCollection<FetchTarget> TakeDue(Audience audience)
    {
        if (_audience != audience)
        {
            // What has nothing for one audience may have something for another.
            _audience = audience;
            foreach (FetchTarget target in _byKey.Values)
            {
                _updates.Add(target);
            }
        }

        List<FetchTarget> due = _updates.Take();
        due.RemoveAll(static target => target.IsForgotten);
        return due;
    }

    /// <summary>
    /// After a look: partitions with nothing for the client are watched, the others are due again, those that got records behind those that
    /// did not, so that none starves.
    /// </summary>
    /// <returns>False when one of them has moved since the look.</returns>
    public bool Settle(IReadOnlyList<FetchedPartition> found, FetchReader reader)
    {
        bool isQuiet = true;
        foreach (FetchedPartition each in found)
        {
            bool isWatched = each.Partition is { } partition && each.Target.TryWatch(partition, reader.InterestOf(each));
            isQuiet &= isWatched || each.Partition is null;
            if (!each.HasRecords && !(isWatched && each.IsSettled))
            {
                _updates.Add(each.Target);
            }
        }

        foreach (FetchedPartition each in found)
        {
            if (each.HasRecords)
            {
                _updates.Add(each.Target);
            }
        }

        return isQuiet;
    }

    /// <summary>A fetch is about to wait for news; false when there is some.</summary>
    public bool TryWait(DataWait wait) => _updates.TryWait(wait);

    /// <summary>The fetch waits no more.</summary>
    public void EndWait() => _updates.EndWait();

    /// <summary>A partition has what was waited for.</summary>
    public void HasUpdates(FetchTarget target, WakeList wakes) => _updates.AddUrgent(target, wakes);

    /// <summary>A partition has moved.</summary>
    public void OnLogChanged(FetchTarget target) => _updates.Add(target);

    /// <summary>It was replaced and nobody owns it: no partition keeps it.</summary>
    public void End()
    {
        foreach (FetchTarget target in _byKey.Values)
        {
            target.Forget();
        }

        _byKey.Clear();
    }
}

/// <summary>Reads what a request says of its partitions.</summary>
internal static class FetchTargets
{
    /// <summary>All partitions of a request, in its order.</summary>
    public static List<FetchTarget> Of(FetchRequest request)
    {
        List<FetchTarget> targets = [];
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition partition in topic.Partitions)
            {
                FetchTarget target = new(new FetchKey(topic.Topic, topic.TopicId, partition.Partition));
                Fill(target, partition);
                targets.Add(target);
            }
        }

        return targets;
    }

    /// <summary>Takes over what the request says of one partition.</summary>
    public static void Fill(FetchTarget target, FetchRequest.FetchPartition partition)
    {
        target.FetchOffset = partition.FetchOffset;
        target.CurrentLeaderEpoch = partition.CurrentLeaderEpoch;
        target.LastFetchedEpoch = partition.LastFetchedEpoch;
        target.LogStartOffset = partition.LogStartOffset;
        target.MaxBytes = partition.PartitionMaxBytes;
        target.KnownHighWatermark = partition.HighWatermark;
        target.IsNamed = true;
    }
}
