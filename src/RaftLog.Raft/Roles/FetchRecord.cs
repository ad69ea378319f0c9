using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>When a replica that fetches had what, as its leader sees it.</summary>
internal sealed class FetchRecord
{
    private Offset _leaderEndAtLastFetch = Offset.None;

    /// <summary>The end of the replica's log on disk.</summary>
    public Offset End { get; private set; } = Offset.None;

    public long LastFetchMs { get; private set; } = -1;

    public long LastCaughtUpMs { get; private set; } = -1;

    /// <summary>The high watermark that the last response carried.</summary>
    public Offset SentHighWatermark { get; set; } = Offset.None;

    public void Touch(long nowMs) => LastFetchMs = nowMs;

    public void Fetched(Offset end, Offset leaderEnd, long nowMs)
    {
        // Caught up now, or with this fetch as of the one before.
        if (end >= leaderEnd)
        {
            LastCaughtUpMs = nowMs;
        }
        else if (_leaderEndAtLastFetch >= Offset.Zero && end >= _leaderEndAtLastFetch)
        {
            LastCaughtUpMs = LastFetchMs;
        }

        End = end;
        _leaderEndAtLastFetch = leaderEnd;
        LastFetchMs = nowMs;
    }

    public ReplicaDescription Describe(ReplicaKey replica) => new(replica, End, LastFetchMs, LastCaughtUpMs);
}
