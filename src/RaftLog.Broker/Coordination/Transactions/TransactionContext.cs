using RaftLog.Broker.Cluster;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>What this node's transaction coordinators are told of the cluster.</summary>
internal sealed class TransactionContext(MetadataCache cache, ProducerIdBlock producerIds) : ITransactionContext
{
    /// <inheritdoc />
    public short TransactionVersion => cache.Image.FeatureLevel(Features.TransactionVersion);

    /// <inheritdoc />
    public bool TryTakeProducerId(out ProducerId id) => producerIds.TryTake(out id);
}
