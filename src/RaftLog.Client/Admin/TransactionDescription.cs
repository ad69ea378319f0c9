using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A transactional id as its coordinator lists it.</summary>
/// <param name="Id">The transactional id.</param>
/// <param name="Producer">Its producer.</param>
/// <param name="State">Its state, such as <c>Ongoing</c> or <c>CompleteCommit</c>.</param>
/// <param name="Coordinator">The broker that coordinates it.</param>
public sealed record TransactionListing(string Id, ProducerId Producer, string State, NodeId Coordinator);

/// <summary>A transactional id and its transaction.</summary>
/// <param name="Id">The transactional id.</param>
/// <param name="Producer">Its producer.</param>
/// <param name="Epoch">The producer's epoch.</param>
/// <param name="State">Its state.</param>
/// <param name="TimeoutMs">How long a transaction may stay open, in milliseconds.</param>
/// <param name="StartMs">When the last transaction began, in milliseconds since 1970; -1 before the first.</param>
/// <param name="Partitions">The partitions in the transaction, in order.</param>
public sealed record TransactionDescription(
    string Id,
    ProducerId Producer,
    ProducerEpoch Epoch,
    string State,
    int TimeoutMs,
    long StartMs,
    IReadOnlyList<TopicPartition> Partitions
);

/// <summary>A producer as a partition knows it.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Producer">The producer.</param>
/// <param name="Epoch">Its newest epoch there.</param>
/// <param name="CoordinatorEpoch">The epoch of the coordinator that ended its last transaction there; -1 for none.</param>
/// <param name="TransactionStart">Where its open transaction begins; none where none is open.</param>
/// <param name="LastTimestampMs">The timestamp of its last batch, in milliseconds since 1970.</param>
public sealed record PartitionProducer(
    TopicPartition Partition,
    ProducerId Producer,
    ProducerEpoch Epoch,
    int CoordinatorEpoch,
    Offset TransactionStart,
    long LastTimestampMs
);
