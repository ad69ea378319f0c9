using RaftLog.Broker.Cluster;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>What this node's transaction coordinators are told of the cluster.</summary>
internal sealed class TransactionContext(MetadataCache cache, ProducerIdBlock producerIds) : ITransactionContext
{
    private const string FeatureName = "transaction.version";

    /// <inheritdoc />
    public short TransactionVersion => cache.Image.FeatureLevel(FeatureName);

    /// <inheritdoc />
    public bool TryTakeProducerId(out ProducerId id) => producerIds.TryTake(out id);
}
