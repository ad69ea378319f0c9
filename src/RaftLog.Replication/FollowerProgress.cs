using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// What a leader knows of one follower, from that follower's fetches in this leadership alone. A new leadership starts a new one, so
/// nothing that an earlier leader heard can count.
/// </summary>
internal sealed class FollowerProgress
{
    private long _lastFetchMs = long.MinValue;
    private Offset _leaderEndAtLastFetch = Offset.None;
    private IStandingFetch? _standing;
    private long _lastRoundMs = long.MinValue;

    public FollowerProgress(NodeId node, long assumedCaughtUpMs)
    {
        Node = node;
        LastCaughtUpMs = assumedCaughtUpMs;
    }

    public NodeId Node { get; }

    /// <summary>The incarnation that the follower named; None before its first fetch, or when it does not name one.</summary>
    public BrokerEpoch Epoch { get; private set; } = BrokerEpoch.None;

    /// <summary>Everything below is durable there; None before its first fetch, and then the high watermark cannot move past it.</summary>
    public Offset DurableEnd { get; private set; } = Offset.None;

    /// <summary>The start of its log; None when unknown.</summary>
    public Offset LogStart { get; private set; } = Offset.None;

    /// <summary>The latest time at which it is known to have had all that the leader then had.</summary>
    public long LastCaughtUpMs { get; private set; }

    /// <summary>True when its position stands in a fetch session, so that it is repeated without being named.</summary>
    public bool Stands => _standing is not null;

    /// <summary>True when a fetch comes from an incarnation before the one that fetched last.</summary>
    public bool IsStale(BrokerEpoch epoch) => epoch != BrokerEpoch.None && epoch < Epoch;

    /// <summary>
    /// Takes a fetch. A follower that fetches from where the leader's log ended at its previous fetch was caught up at that time, though
    /// the log has grown since: so a follower of a busy partition stays in sync without ever reaching its end.
    /// </summary>
    public void Fetched(long nowMs, in FetchingReplica replica, Offset fetchOffset, Offset leaderEnd)
    {
        CountStanding(leaderEnd);
        if (fetchOffset >= leaderEnd)
        {
            LastCaughtUpMs = Math.Max(LastCaughtUpMs, nowMs);
        }
        else if (_leaderEndAtLastFetch != Offset.None && fetchOffset >= _leaderEndAtLastFetch)
        {
            LastCaughtUpMs = Math.Max(LastCaughtUpMs, _lastFetchMs);
        }

        _lastFetchMs = nowMs;
        _leaderEndAtLastFetch = leaderEnd;
        Epoch = replica.Epoch;
        DurableEnd = fetchOffset;
        LogStart = replica.LogStart;
        _standing = replica.Standing;
        _lastRoundMs = nowMs;
    }

    /// <summary>
    /// Counts the session's fetches since, before the leader's log grows past <paramref name="leaderEnd"/>: a follower that stands at
    /// the end was caught up whenever its session was heard of. One that stands below the end is not, however often it is heard of.
    /// </summary>
    public void CountStanding(Offset leaderEnd)
    {
        if (_standing is { } standing && DurableEnd >= leaderEnd)
        {
            LastCaughtUpMs = Math.Max(LastCaughtUpMs, standing.LastFetchMs);
        }
    }

    /// <summary>The follower says something else of the partition now that does not count: what stands in its session is over.</summary>
    public void StandsNoMore(Offset leaderEnd)
    {
        CountStanding(leaderEnd);
        _standing = null;
    }

    /// <summary>True when its session was heard of since the last call, and so has repeated its position.</summary>
    public bool TakeRound()
    {
        long last = _standing?.LastFetchMs ?? long.MinValue;
        bool isNew = last > _lastRoundMs;
        _lastRoundMs = Math.Max(_lastRoundMs, last);
        return isNew;
    }

    public bool IsCaughtUp(long nowMs, Offset leaderEnd, ReplicationTuning tuning) =>
        DurableEnd == leaderEnd || (LastCaughtUpMs != Never && nowMs - LastCaughtUpMs <= tuning.MaxLagMs);

    /// <summary>The follower was never seen caught up.</summary>
    public const long Never = long.MinValue;
}
