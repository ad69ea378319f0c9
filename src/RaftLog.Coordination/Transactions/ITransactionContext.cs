using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>What a transaction coordinator is told of the cluster.</summary>
public interface ITransactionContext
{
    /// <summary>The cluster's level of the feature <c>transaction.version</c>.</summary>
    short TransactionVersion { get; }

    /// <summary>Takes a producer id that nobody has had; false when none is at hand, while more are on their way.</summary>
    bool TryTakeProducerId(out ProducerId id);
}
