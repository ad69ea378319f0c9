using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// AddPartitionsToTxn (24), versions 0 to 5: adds partitions to a producer's transaction (KIP-98); from version 4 on brokers ask, for many
/// transactions, and may only verify (KIP-890). All partitions of a transaction are added, or none.
/// </summary>
internal sealed class AddPartitionsToTxnHandler(MetadataCache cache, CoordinatorShards<TransactionCoordinatorState> shards)
    : IRequestHandler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>
{
    private const short FirstWithProducerFenced = 2;
    private const short FirstOfBrokers = 4;

    public async ValueTask<AddPartitionsToTxnResponse?> HandleAsync(AddPartitionsToTxnRequest request, RequestContext context)
    {
        if (context.Version < FirstOfBrokers)
        {
            AddPartitionsToTxnResponse added = await HandleAsync(
                new AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction
                {
                    TransactionalId = request.V3AndBelowTransactionalId,
                    ProducerId = request.V3AndBelowProducerId,
                    ProducerEpoch = request.V3AndBelowProducerEpoch,
                    Topics = request.V3AndBelowTopics,
                },
                context
            );
            return new AddPartitionsToTxnResponse { ResultsByTopicV3AndBelow = added.ResultsByTransaction[0].TopicResults };
        }

        // All are begun before the first is awaited, so that they share a flush.
        List<Task<AddPartitionsToTxnResponse>> underWay =
        [
            .. request.Transactions.Select(transaction => HandleAsync(transaction, context)),
        ];
        AddPartitionsToTxnResponse response = new();
        foreach (Task<AddPartitionsToTxnResponse> each in underWay)
        {
            response.ResultsByTransaction.AddRange((await each).ResultsByTransaction);
        }

        return response;
    }

    private async Task<AddPartitionsToTxnResponse> HandleAsync(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction,
        RequestContext context
    )
    {
        short clientVersion = context.Version < FirstOfBrokers ? (short)0 : Transaction.FirstVersionWithEpochPerTransaction;
        AddPartitionsToTxnResponse response = Unknown(transaction) is { Count: > 0 } unknown
            ? Rejected(transaction, unknown)
            : await shards.AddPartitionsAsync(transaction, clientVersion);
        foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult topic in response.ResultsByTransaction[0].TopicResults)
        {
            foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult partition in topic.ResultsByPartition)
            {
                partition.PartitionErrorCode = ForVersion(partition.PartitionErrorCode, context.Version);
            }
        }

        return response;
    }

    private static ErrorCode ForVersion(ErrorCode error, short version) =>
        error switch
        {
            ErrorCode.ProducerFenced when version < FirstWithProducerFenced => ErrorCode.InvalidProducerEpoch,
            ErrorCode.TransactionAbortable when version < FirstOfBrokers => ErrorCode.InvalidTxnState,
            _ => error,
        };

    private HashSet<TopicPartition> Unknown(AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction)
    {
        MetadataImage image = cache.Image;
        HashSet<TopicPartition> unknown = [];
        foreach (AddPartitionsToTxnRequest.AddPartitionsToTxnTopic topic in transaction.Topics)
        {
            bool exists = image.Topics.TryGet(topic.Name, out TopicImage? known);
            unknown.UnionWith(
                topic
                    .Partitions.Where(index => !exists || !known!.Partitions.ContainsKey(index))
                    .Select(index => new TopicPartition(topic.Name, index))
            );
        }

        return unknown;
    }

    private static AddPartitionsToTxnResponse Rejected(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction,
        HashSet<TopicPartition> unknown
    )
    {
        AddPartitionsToTxnResponse response = TransactionShards.Rejected(transaction, ErrorCode.OperationNotAttempted);
        foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult topic in response.ResultsByTransaction[0].TopicResults)
        {
            foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult partition in topic.ResultsByPartition)
            {
                if (unknown.Contains(new TopicPartition(topic.Name, partition.PartitionIndex)))
                {
                    partition.PartitionErrorCode = ErrorCode.UnknownTopicOrPartition;
                }
            }
        }

        return response;
    }
}
