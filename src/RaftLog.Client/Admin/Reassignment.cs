using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A partition that is being moved (KIP-455).</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Replicas">All brokers that hold it now, those that come and those that go among them.</param>
/// <param name="Adding">Those that come: they copy it, and count once they are in sync.</param>
/// <param name="Removing">Those that go, once those that come are in sync.</param>
public sealed record Reassignment(
    TopicPartition Partition,
    IReadOnlyList<NodeId> Replicas,
    IReadOnlyList<NodeId> Adding,
    IReadOnlyList<NodeId> Removing
);
