using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>The requests that the transaction coordinators of this node are asked, also without a connection in between.</summary>
internal static class TransactionShards
{
    /// <summary>Adds or verifies the partitions of one transaction. The response has one result, for all versions.</summary>
    public static Task<AddPartitionsToTxnResponse> AddPartitionsAsync(
        this CoordinatorShards<TransactionCoordinatorState> shards,
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction,
        short clientVersion
    ) =>
        shards.CallAsync(
            transaction.TransactionalId,
            mayWrite: !transaction.VerifyOnly,
            (state, token, now, outbox) => state.AddPartitions(token, transaction, clientVersion, now, outbox),
            error => Rejected(transaction, error)
        );

    /// <summary>The response where each partition has one error.</summary>
    public static AddPartitionsToTxnResponse Rejected(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction,
        ErrorCode error
    ) =>
        new()
        {
            ResultsByTransaction =
            [
                new()
                {
                    TransactionalId = transaction.TransactionalId,
                    TopicResults =
                    [
                        .. transaction.Topics.Select(topic => new AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
                        {
                            Name = topic.Name,
                            ResultsByPartition =
                            [
                                .. topic.Partitions.Select(index => new AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult
                                {
                                    PartitionIndex = index,
                                    PartitionErrorCode = error,
                                }),
                            ],
                        }),
                    ],
                },
            ],
        };
}
