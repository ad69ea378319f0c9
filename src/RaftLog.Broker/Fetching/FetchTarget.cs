using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Fetching;

/// <summary>One partition as a fetch names it: by topic id from version 13, by name before.</summary>
/// <param name="Topic">The name; empty when the fetch uses ids.</param>
/// <param name="TopicId">The id; zero when the fetch uses names.</param>
/// <param name="Partition">The partition's index.</param>
internal readonly record struct FetchKey(string Topic, Uuid TopicId, int Partition);

/// <summary>
/// What a fetch wants of one partition; in a session also what it was last told, and how the partition tells that it has moved.
/// </summary>
/// <param name="key">The partition.</param>
/// <param name="session">The session that keeps it; null for a fetch without one.</param>
internal sealed class FetchTarget(FetchKey key, FetchSession? session = null) : IDataWatcher, IStandingFetch
{
    private static readonly Offset NeverSent = new(-2);

    private Partition? _watched;
    private long _lastFetchMs = long.MinValue;
    private volatile bool _isForgotten;

    /// <summary>The partition.</summary>
    public FetchKey Key { get; } = key;

    /// <summary>The name that the topic's id had when it was first found; null until then, and for a fetch by name.</summary>
    public string? ResolvedName { get; set; }

    /// <summary>The next offset that is wanted.</summary>
    public Offset FetchOffset { get; set; }

    /// <summary>The epoch of the leader that the client believes in, or none.</summary>
    public LeaderEpoch CurrentLeaderEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>The epoch of the last record that a follower holds, or none.</summary>
    public LeaderEpoch LastFetchedEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>Where a follower's log starts, or none.</summary>
    public Offset LogStartOffset { get; set; } = Offset.None;

    /// <summary>The most bytes wanted of this partition.</summary>
    public int MaxBytes { get; set; }

    /// <summary>The high watermark that the follower knows (KIP-1166).</summary>
    public Offset KnownHighWatermark { get; set; } = new(long.MaxValue);

    /// <summary>
    /// True until the fetch that named it was counted. What a session's fetch does not name counts only as <see cref="IStandingFetch"/>
    /// says.
    /// </summary>
    public bool IsNamed { get; set; }

    /// <summary>The high watermark that the session's last response carried.</summary>
    public Offset LastSentHighWatermark { get; private set; } = NeverSent;

    /// <summary>The log start that the session's last response carried.</summary>
    public Offset LastSentLogStart { get; private set; } = NeverSent;

    /// <summary>True while it is listed in <see cref="SessionUpdates"/>, and under its lock.</summary>
    public bool IsDue { get; set; }

    /// <summary>True once its session has ended or holds it no longer.</summary>
    public bool IsForgotten => _isForgotten;

    /// <summary>This position as one that stands in a session; null for a fetch without one.</summary>
    public IStandingFetch? Standing => session is null ? null : this;

    bool IDataWatcher.IsOver => _isForgotten;

    long IStandingFetch.LastFetchMs => _isForgotten ? Volatile.Read(ref _lastFetchMs) : session!.LastUsedMs;

    /// <summary>The response carries these. A follower that was told a high watermark in its session knows it.</summary>
    public void Tell(Offset highWatermark, Offset logStart)
    {
        LastSentHighWatermark = highWatermark;
        LastSentLogStart = logStart;
        if (session is not null && KnownHighWatermark != DataInterest.NoHighWatermark)
        {
            KnownHighWatermark = Offset.Max(KnownHighWatermark, highWatermark);
        }
    }

    /// <summary>Lets a partition tell when it moves; false when it has moved already. For a target of a session.</summary>
    public bool TryWatch(Partition partition, in DataInterest interest)
    {
        if (!ReferenceEquals(_watched, partition))
        {
            _watched?.Unwatch(this);
            _watched = partition;
        }

        return partition.Watch(interest with { LastSent = (LastSentHighWatermark, LastSentLogStart) }, this);
    }

    /// <summary>Its session has ended or holds it no longer.</summary>
    public void Forget()
    {
        Volatile.Write(ref _lastFetchMs, session!.UsedBeforeMs);
        _isForgotten = true;
        _watched?.Unwatch(this);
        _watched = null;
    }

    void IDataWatcher.HasUpdates(WakeList wakes) => session!.HasUpdates(this, wakes);

    void IDataWatcher.OnLogChanged() => session!.OnLogChanged(this);
}
