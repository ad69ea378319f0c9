using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>The metadata quorum as its leader sees it.</summary>
/// <param name="Leader">Its leader.</param>
/// <param name="LeaderEpoch">The leader's epoch.</param>
/// <param name="HighWatermark">The end of what is committed.</param>
/// <param name="Voters">The voters.</param>
/// <param name="Observers">The nodes that follow without a vote.</param>
public sealed record QuorumDescription(
    NodeId Leader,
    LeaderEpoch LeaderEpoch,
    Offset HighWatermark,
    IReadOnlyList<QuorumReplicaDescription> Voters,
    IReadOnlyList<QuorumReplicaDescription> Observers
);

/// <summary>One node of the quorum.</summary>
/// <param name="Id">Its id.</param>
/// <param name="DirectoryId">Its metadata log directory, or zero.</param>
/// <param name="LogEnd">The end of its log as last told.</param>
/// <param name="LastFetchMs">When it last fetched, in milliseconds since 1970, or -1.</param>
/// <param name="LastCaughtUpMs">When it last had everything, in milliseconds since 1970, or -1.</param>
public sealed record QuorumReplicaDescription(NodeId Id, Uuid DirectoryId, Offset LogEnd, long LastFetchMs, long LastCaughtUpMs);
