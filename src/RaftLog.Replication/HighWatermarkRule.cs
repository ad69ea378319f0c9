using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>The arithmetic of the high watermark, apart from everything that feeds it.</summary>
internal static class HighWatermarkRule
{
    /// <summary>
    /// The offset up to which a leader may show records and confirm them: what is durable on every node that the controller may elect.
    /// Unchanged while the committed in-sync set is smaller than the minimum (KIP-966), and never below <paramref name="present"/>.
    /// A follower that is about to join counts too: else, under load, the high watermark would run ahead of it for ever and it could never
    /// join.
    /// </summary>
    public static Offset Next(
        Offset present,
        in LogExtent own,
        PartitionLeaderRole leader,
        PartitionState state,
        long nowMs,
        ReplicationTuning tuning
    )
    {
#if SEEDED_BUGS
        if (leader.InSync.Committed.Count < state.MinInSync && !SeededBug.Is(46))
#else
        if (leader.InSync.Committed.Count < state.MinInSync)
#endif
        {
            return present;
        }

        Offset least = own.DurableEnd;
#if SEEDED_BUGS
        if (SeededBug.Is(SeededBug.Canary))
        {
            return own.End;
        }

        if (SeededBug.Is(29))
        {
            least = own.End;
        }
#endif
        NodeSet maximal = leader.InSync.Maximal;
        foreach (FollowerProgress follower in leader.Followers)
        {
            bool counts =
                maximal.Contains(follower.Node)
                || (
                    state.Brokers.MayJoin(follower.Node, follower.Epoch)
                    && follower.DurableEnd != Offset.None
                    && follower.IsCaughtUp(nowMs, own.End, tuning)
                );
            if (counts)
            {
                least = Offset.Min(least, follower.DurableEnd);
            }
        }

        return Offset.Max(present, least);
    }
}
