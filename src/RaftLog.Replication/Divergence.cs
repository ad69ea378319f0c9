using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// Where two logs part. Logs are compared by leader epoch, never by high watermark: within one epoch only one leader has written, so the
/// logs agree on an epoch up to the smaller of its two ends (KIP-101, KIP-279, and in the fetch itself KIP-595).
/// </summary>
public static class Divergence
{
    /// <summary>
    /// The leader's side: null when a log that ends at <paramref name="fetchOffset"/> with a record of <paramref name="lastFetchedEpoch"/>
    /// is a prefix of the leader's, else the point that the follower has to compare with. A leader that knows no epoch as old as that has
    /// nothing of it beyond its log start: a follower that has more must give it up, even when this log is empty.
    /// </summary>
    public static EpochEnd? Find(IEpochHistory leader, Offset leaderStart, Offset fetchOffset, LeaderEpoch lastFetchedEpoch)
    {
        EpochEnd end = leader.EndOf(lastFetchedEpoch);
        if (!end.IsKnown)
        {
            end = new EpochEnd(lastFetchedEpoch, leaderStart);
        }

        return end.Epoch != lastFetchedEpoch || end.End < fetchOffset ? end : null;
    }

    /// <summary>
    /// The follower's side: the offset to truncate to, at most <paramref name="logEnd"/>. When the follower lacks the leader's epoch it
    /// truncates all that is newer than its own next older epoch, and the next fetch compares again: each round removes at least one epoch.
    /// </summary>
    public static Offset TruncationPoint(IEpochHistory follower, Offset logEnd, EpochEnd diverging)
    {
        EpochEnd own = follower.EndOf(diverging.Epoch);
        if (!own.IsKnown)
        {
            return Offset.Zero;
        }

        Offset agreed = own.Epoch == diverging.Epoch ? Offset.Min(own.End, diverging.End) : own.End;
        return Offset.Min(agreed, logEnd);
    }
}
