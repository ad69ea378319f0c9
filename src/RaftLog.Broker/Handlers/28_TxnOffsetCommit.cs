using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Coordination;
using RaftLog.Coordination.Groups;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Replication;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// TxnOffsetCommit (28), versions 0 to 5: commits a group's offsets with a producer's transaction (KIP-98, KIP-447), after the
/// transaction's coordinator has confirmed that they belong to it; from version 5 on the offsets are added to it here (KIP-890).
/// </summary>
internal sealed class TxnOffsetCommitHandler(
    GroupCoordinator groups,
    PartitionLookup lookup,
    MetadataCache cache,
    TransactionVerifier verifier
) : IRequestHandler<TxnOffsetCommitRequest, TxnOffsetCommitResponse>
{
    private const short FirstWithTransactionAbortable = 4;
    private const short FirstAddedByBroker = 5;

    public async ValueTask<TxnOffsetCommitResponse?> HandleAsync(TxnOffsetCommitRequest request, RequestContext context)
    {
        if (request.GroupId.Length == 0)
        {
            return Rejected(request, ErrorCode.InvalidGroupId);
        }

        if (!cache.Image.Topics.TryGet(InternalTopics.ConsumerOffsets, out TopicImage? topic))
        {
            return Rejected(request, ErrorCode.CoordinatorNotAvailable);
        }

        Partition? offsets = lookup
            .ByName(InternalTopics.ConsumerOffsets, CoordinatorKeys.PartitionOf(request.GroupId, topic.Partitions.Count))
            .Partition;
        ProducerStamp producer = new(request.ProducerId, request.ProducerEpoch, ProducerStamp.NoSequence);
        PartitionVerification? verification =
            offsets?.Role is PartitionLeaderRole ? offsets.BeginVerification(producer, startsAtZero: false) : null;
        if (verification is null)
        {
            return await CommitAsync(request, context);
        }

        try
        {
            Dictionary<TopicPartition, ErrorCode> failures = await verifier.FailuresAsync(
                request.TransactionalId,
                request.ProducerId,
                request.ProducerEpoch,
                [offsets!.Name],
                Client(context.Version)
            );
            return failures.TryGetValue(offsets.Name, out ErrorCode error)
                ? Rejected(request, ForClients(error))
                : await CommitAsync(request, context);
        }
        finally
        {
            offsets!.EndVerification(verification);
        }
    }

    private Task<TxnOffsetCommitResponse> CommitAsync(TxnOffsetCommitRequest request, RequestContext context) =>
        groups.CallAsync(
            request.GroupId,
            context,
            mayWrite: true,
            (GroupCoordinatorState state, in GroupCaller caller, CoordinatorTime now, Outbox outbox) =>
                state.TxnOffsetCommit(caller, request, now, outbox),
            error => Rejected(request, error)
        );

    private static ClientTransactions Client(short version) =>
        version >= FirstAddedByBroker ? ClientTransactions.AddedByBroker
        : version >= FirstWithTransactionAbortable ? ClientTransactions.AddedByClient
        : ClientTransactions.Old;

    // Old clients do not repeat a request after NETWORK_EXCEPTION; this they repeat without looking for another coordinator.
    private static ErrorCode ForClients(ErrorCode error) =>
        error == ErrorCode.NetworkException ? ErrorCode.CoordinatorLoadInProgress : error;

    private static TxnOffsetCommitResponse Rejected(TxnOffsetCommitRequest request, ErrorCode error) =>
        new()
        {
            Topics =
            [
                .. request.Topics.Select(topic => new TxnOffsetCommitResponse.TxnOffsetCommitTopicResult
                {
                    Name = topic.Name,
                    Partitions =
                    [
                        .. topic.Partitions.Select(partition => new TxnOffsetCommitResponse.TxnOffsetCommitPartitionResult
                        {
                            PartitionIndex = partition.PartitionIndex,
                            ErrorCode = error,
                        }),
                    ],
                }),
            ],
        };
}
