using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// AddOffsetsToTxn (25), versions 0 to 4: adds the partition that holds a group's offsets to a producer's transaction (KIP-98).
/// </summary>
internal sealed class AddOffsetsToTxnHandler(MetadataCache cache, CoordinatorShards<TransactionCoordinatorState> shards)
    : IRequestHandler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>
{
    private const short FirstWithProducerFenced = 2;

    public async ValueTask<AddOffsetsToTxnResponse?> HandleAsync(AddOffsetsToTxnRequest request, RequestContext context)
    {
        if (!cache.Image.Topics.TryGet(InternalTopics.ConsumerOffsets, out TopicImage? offsets) || offsets.Partitions.Count == 0)
        {
            return new AddOffsetsToTxnResponse { ErrorCode = ErrorCode.CoordinatorNotAvailable };
        }

        TopicPartition partition = new(
            InternalTopics.ConsumerOffsets,
            CoordinatorKeys.PartitionOf(request.GroupId, offsets.Partitions.Count)
        );
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
