using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>What a partition needs of the node that it lives in.</summary>
/// <param name="Self">The node.</param>
/// <param name="Waiters">Clock and waits.</param>
/// <param name="Tuning">The times of replication.</param>
/// <param name="Proposals">The way to the controller.</param>
public sealed record PartitionHost(NodeId Self, Waiters Waiters, ReplicationTuning Tuning, IIsrProposals Proposals)
{
    /// <summary>What the partitions count.</summary>
    internal PartitionCounters Counters { get; } = new();

    /// <summary>When partitions have to look at the time.</summary>
    internal PartitionTimes Times { get; } = new(Waiters);

    /// <summary>Monotonic milliseconds, as Replication takes them.</summary>
    internal long NowMs => Waiters.NowMs;

    /// <summary>Wall-clock milliseconds since 1970, as Storage takes them.</summary>
    internal long WallMs => Waiters.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
