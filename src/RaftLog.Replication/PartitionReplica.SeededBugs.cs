using RaftLog.Protocol;

namespace RaftLog.Replication;

public sealed partial class PartitionReplica
{
    partial void SeededBugCommitsAll(PartitionRole before)
    {
        if (SeededBug.Is(25) && Role is PartitionLeaderRole && !ReferenceEquals(before, Role))
        {
            HighWatermark = Log.End;
        }
    }

    partial void SeededBugConfirmsEarly(PartitionLeaderRole leader, Offset end, ref CommitVerdict verdict)
    {
        if ((SeededBug.Is(1) && Log.DurableEnd >= end) || (SeededBug.Is(9) && end <= leader.EpochStart))
        {
            verdict = CommitVerdict.Committed;
        }
    }

    partial void SeededBugCountsOtherLeaderships(ref ErrorCode error)
    {
        if (SeededBug.Is(3))
        {
            error = Role is PartitionLeaderRole ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
        }
    }

    partial void SeededBugClaimsUnflushed(ref Offset durableEnd) => durableEnd = SeededBug.Is(30) ? Log.End : durableEnd;

    partial void SeededBugBelievesHighWatermark(
        in FollowerFetchResult response,
        PartitionFollowerRole follower,
        ref FollowerStep truncation
    )
    {
        if (SeededBug.Is(2))
        {
            truncation = FollowerStep.TruncateTo(FollowerStepKind.Truncate, HighWatermark);
        }
        else if (SeededBug.Is(35))
        {
            follower.LeaderHighWatermark = response.HighWatermark;
            truncation = truncation with { HighWatermark = Advance(Followed(follower)) };
        }
    }

    static partial void SeededBugLeadsAgain(ref bool isNew) => isNew |= SeededBug.Is(6);
}
