using RaftLog.Broker.Cluster;
using RaftLog.Coordination;
using RaftLog.Coordination.Transactions;
using RaftLog.Metadata;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>
/// Asks the coordinator of a transactional id on behalf of a partition's leader: whether partitions are in its transaction, or to add them
/// (KIP-890).
/// </summary>
/// <param name="cache">Who coordinates what.</param>
/// <param name="shards">The coordinators of this node.</param>
/// <param name="links">The way to others.</param>
internal sealed class TransactionCoordinators(MetadataCache cache, CoordinatorShards<TransactionCoordinatorState> shards, BrokerLinks links)
{
    /// <summary>
    /// Verifies or adds partitions. The result has one entry a partition; the error of an unreachable coordinator is NETWORK_EXCEPTION.
    /// </summary>
    /// <param name="transaction">The transaction and its partitions.</param>
    public async ValueTask<Dictionary<TopicPartition, ErrorCode>> AskAsync(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction
    )
    {
        NodeId coordinator = CoordinatorOf(transaction.TransactionalId);
        if (!coordinator.IsNode)
        {
            return All(transaction, ErrorCode.CoordinatorNotAvailable);
        }

        if (coordinator == cache.Self)
        {
            return Read(transaction, await shards.AddPartitionsAsync(transaction, Transaction.FirstVersionWithEpochPerTransaction));
        }

        RpcResult<AddPartitionsToTxnResponse> result = await links.CallAsync(
            coordinator,
            new AddPartitionsToTxnRequest { Transactions = [transaction] }
        );
        return !result.TryGet(out AddPartitionsToTxnResponse? response) ? All(transaction, ErrorCode.NetworkException)
            : response.ErrorCode != ErrorCode.None ? All(transaction, response.ErrorCode)
            : Read(transaction, response);
    }

    /// <summary>All partitions of a transaction with one error.</summary>
    public static Dictionary<TopicPartition, ErrorCode> All(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction,
        ErrorCode error
    )
    {
        Dictionary<TopicPartition, ErrorCode> outcomes = [];
        foreach (AddPartitionsToTxnRequest.AddPartitionsToTxnTopic topic in transaction.Topics)
        {
            foreach (int index in topic.Partitions)
            {
                outcomes[new TopicPartition(topic.Name, index)] = error;
            }
        }

        return outcomes;
    }

    private NodeId CoordinatorOf(string transactionalId) =>
        cache.Image.Topics.TryGet(InternalTopics.TransactionState, out TopicImage? topic)
        && topic.Partitions.Count > 0
        && topic.Partitions.TryGetValue(
            CoordinatorKeys.PartitionOf(transactionalId, topic.Partitions.Count),
            out PartitionRegistration? partition
        )
            ? partition.Leader
            : NodeId.None;

    private static Dictionary<TopicPartition, ErrorCode> Read(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction,
        AddPartitionsToTxnResponse response
    )
    {
        Dictionary<TopicPartition, ErrorCode> outcomes = All(transaction, ErrorCode.UnknownServerError);
        foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnResult result in response.ResultsByTransaction)
        {
            if (result.TransactionalId != transaction.TransactionalId)
            {
                continue;
            }

            foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult topic in result.TopicResults)
            {
                foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult partition in topic.ResultsByPartition)
                {
                    outcomes[new TopicPartition(topic.Name, partition.PartitionIndex)] = partition.PartitionErrorCode;
                }
            }
        }

        return outcomes;
    }
}
