using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>What a leader knows of one replica.</summary>
/// <param name="Replica">The replica.</param>
/// <param name="LogEnd">The end of its log on disk, or <see cref="Offset.None"/> before its first fetch.</param>
/// <param name="LastFetchMs">When it last fetched, on the core's clock; -1 for never. The leader itself: now.</param>
/// <param name="LastCaughtUpMs">When it last had all that the leader had, on the core's clock; -1 for never. The leader itself:
/// now.</param>
public readonly record struct ReplicaDescription(ReplicaKey Replica, Offset LogEnd, long LastFetchMs, long LastCaughtUpMs);

/// <summary>The leader's view of the quorum, for DescribeQuorum.</summary>
/// <param name="Leader">The leadership. When another node leads, the lists are empty: ask there.</param>
/// <param name="HighWatermark">The high watermark.</param>
/// <param name="Voters">The voters by node id.</param>
/// <param name="Observers">The observers that fetched lately, by node id.</param>
public sealed record QuorumStatus(
    LeaderAndEpoch Leader,
    Offset HighWatermark,
    IReadOnlyList<ReplicaDescription> Voters,
    IReadOnlyList<ReplicaDescription> Observers
);
