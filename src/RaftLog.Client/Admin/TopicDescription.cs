using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A topic with the state of its partitions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsInternal">True for topics that the cluster itself writes.</param>
/// <param name="Error">Why it cannot be described, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Partitions">Its partitions by index; empty on error.</param>
public sealed record TopicDescription(
    string Name,
    Uuid Id,
    bool IsInternal,
    ErrorCode Error,
    IReadOnlyList<PartitionDescription> Partitions
);

/// <summary>The state of a partition.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Leader">Its leader, or <see cref="NodeId.None"/>.</param>
/// <param name="LeaderEpoch">The leader's epoch.</param>
/// <param name="Replicas">The assigned replicas, preferred leader first.</param>
/// <param name="Isr">The replicas in sync.</param>
/// <param name="Offline">The replicas that are offline.</param>
/// <param name="EligibleLeaders">Replicas out of sync that still have all that was committed (KIP-966); empty where the broker does not
/// say.</param>
public sealed record PartitionDescription(
    int Index,
    NodeId Leader,
    LeaderEpoch LeaderEpoch,
    IReadOnlyList<NodeId> Replicas,
    IReadOnlyList<NodeId> Isr,
    IReadOnlyList<NodeId> Offline,
    IReadOnlyList<NodeId> EligibleLeaders
);
