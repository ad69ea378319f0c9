using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>What the committed metadata says of one partition: who holds it, who leads it, and who is in sync.</summary>
public sealed record PartitionState
{
    /// <summary>
    /// The last offset of the metadata log that this state includes. A broker's epoch is the offset of its registration, so comparing the
    /// two tells whether the controller had seen this incarnation of the broker when it named the leader.
    /// </summary>
    public required Offset AsOf { get; init; }

    /// <summary>The nodes that hold the partition, in order of preference.</summary>
    public required NodeSet Replicas { get; init; }

    /// <summary>The committed in-sync set.</summary>
    public required NodeSet InSync { get; init; }

    /// <summary>The leader, or <see cref="NodeId.None"/> while there is none.</summary>
    public required NodeId Leader { get; init; }

    /// <summary>The leadership; grows with every change of leader.</summary>
    public required LeaderEpoch LeaderEpoch { get; init; }

    /// <summary>The version of this state; grows with every change.</summary>
    public required PartitionEpoch PartitionEpoch { get; init; }

    /// <summary>The effective <c>min.insync.replicas</c>: at least 1, at most the number of replicas.</summary>
    public required int MinInSync { get; init; }

    /// <summary>The brokers of the cluster at the same point.</summary>
    public required BrokerRoster Brokers { get; init; }

    /// <summary>
    /// The effective minimum of in-sync replicas for a topic's setting: a partition cannot ask for more replicas than it has.
    /// </summary>
    public static int EffectiveMinInSync(int configured, int replicas) => Math.Max(1, Math.Min(configured, replicas));
}
