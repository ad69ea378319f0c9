using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>The arithmetic of the high watermark, apart from everything that feeds it.</summary>
internal static partial class HighWatermarkRule
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
        SeededBugIgnoresMinimum(ref state);
        if (leader.InSync.Committed.Count < state.MinInSync)
        {
            return present;
        }

        Offset least = own.DurableEnd;
        SeededBugCountsUnflushed(own, ref least);
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

        SeededBugIgnoresFollowers(own, ref least);
        return Offset.Max(present, least);
    }

    static partial void SeededBugIgnoresMinimum(ref PartitionState state);

    static partial void SeededBugCountsUnflushed(in LogExtent own, ref Offset least);

    static partial void SeededBugIgnoresFollowers(in LogExtent own, ref Offset least);
}
