using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// AddOffsetsToTxn (25), versions 0 to 4: adds the partition that holds a group's offsets to a producer's transaction (KIP-98). While
/// <c>__consumer_offsets</c> does not exist, it is the partition that it will have, as in Kafka.
/// </summary>
/// <param name="cache">The cluster's topics.</param>
/// <param name="partitions">How many partitions <c>__consumer_offsets</c> will be made with: <c>offsets.topic.num.partitions</c>.</param>
/// <param name="shards">The transaction coordinators of this node.</param>
internal sealed class AddOffsetsToTxnHandler(MetadataCache cache, int partitions, CoordinatorShards<TransactionCoordinatorState> shards)
    : IRequestHandler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>
{
    private const short FirstWithProducerFenced = 2;

    public async ValueTask<AddOffsetsToTxnResponse?> HandleAsync(AddOffsetsToTxnRequest request, RequestContext context)
    {
        int count = cache.Image.Topics.TryGet(InternalTopics.ConsumerOffsets, out TopicImage? offsets)
            ? offsets.Partitions.Count
            : partitions;
        TopicPartition partition = new(InternalTopics.ConsumerOffsets, CoordinatorKeys.PartitionOf(request.GroupId, count));
        AddOffsetsToTxnResponse response = await shards.CallAsync(
            request.TransactionalId,
            mayWrite: true,
            (state, token, now, outbox) => state.AddOffsets(token, request, partition, now, outbox),
            error => new AddOffsetsToTxnResponse { ErrorCode = error }
        );
        if (response.ErrorCode == ErrorCode.ProducerFenced && context.Version < FirstWithProducerFenced)
        {
            response.ErrorCode = ErrorCode.InvalidProducerEpoch;
        }

        return response;
    }
}
