using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Fetching;

internal sealed partial class FetchReader
{
    /// <summary>As if the session's fetch had named it, from where the log ends now.</summary>
    partial void SeededBugFetchesUnnamed(Partition partition, FetchTarget target, FetchPosition position, WakeList wakes)
    {
        if (SeededBug.Is(70) && Audience == Audience.Follower && !target.IsNamed && target.Standing is not null)
        {
            FetchPosition end = position with { FetchOffset = partition.Log.EndOffset, LastFetchedEpoch = LeaderEpoch.None };
            FetchingReplica follower = new(replica, replicaEpoch, target.LogStartOffset, target.Standing);
            partition.ReadAsFollower(follower, end, new ReadBudget(0, FirstBatch.MustFit), wakes).Slice.Dispose();
        }
    }
}
