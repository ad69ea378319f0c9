using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination;

/// <summary>The end of a producer's transaction, as its coordinator tells it to a partition (KIP-98).</summary>
/// <param name="Producer">The producer.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="IsCommit">True for a commit, false for an abort.</param>
/// <param name="CoordinatorEpoch">The leader epoch of the transaction log's partition that decided.</param>
/// <param name="TransactionVersion">The version of the transaction; from 2 on the epoch was raised before the marker (KIP-1228).</param>
internal readonly record struct TransactionMarker(
    ProducerId Producer,
    ProducerEpoch Epoch,
    bool IsCommit,
    LeaderEpoch CoordinatorEpoch,
    short TransactionVersion
);
