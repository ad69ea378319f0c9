using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>
/// The markers that end one transaction, to be written to each of its partitions until all have them; then
/// <see cref="TransactionCoordinatorState.MarkersWritten"/>.
/// </summary>
/// <param name="TransactionalId">The id.</param>
/// <param name="Producer">The producer whose transaction ends.</param>
/// <param name="Epoch">The epoch that the markers carry.</param>
/// <param name="IsCommit">True to commit, false to abort.</param>
/// <param name="Partitions">Where they go.</param>
/// <param name="TransactionVersion">The version of the transaction: from 2 on the epoch was raised before the markers (KIP-1228).</param>
public sealed record TransactionMarkers(
    string TransactionalId,
    ProducerId Producer,
    ProducerEpoch Epoch,
    bool IsCommit,
    ImmutableSortedSet<TopicPartition> Partitions,
    short TransactionVersion
) : ICoordinatorEffect;
