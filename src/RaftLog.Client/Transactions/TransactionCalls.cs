using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Transactions;

/// <summary>
/// The requests of one transactional producer, each tried again while the reason passes. What fails is a <see cref="KafkaException"/> that
/// says whether the transaction must be aborted or the producer closed.
/// </summary>
/// <param name="transactionalId">The transactional id.</param>
/// <param name="transactionTimeout">After which the coordinator aborts.</param>
/// <param name="runtime">Clock and chance.</param>
/// <param name="coordinator">The coordinator of the transactional id.</param>
/// <param name="groups">The coordinator of a group.</param>
internal sealed class TransactionCalls(
    string transactionalId,
    TimeSpan transactionTimeout,
    ClientRuntime runtime,
    Coordinator coordinator,
    Func<string, Coordinator> groups
)
{
    /// <summary>The feature whose level says how transactions go, and the level from which on they go as in KIP-890.</summary>
    private const string Feature = "transaction.version";
    private const short LevelOfV2 = 2;

    /// <summary>The last versions before KIP-890: a newer one would change what the coordinator does.</summary>
    private const short LastEndOfV1 = 4;
    private const short LastCommitOffsetsOfV1 = 4;

    /// <summary>The last version that clients send.</summary>
    private const short LastAddOfClients = 3;

    private (string Group, Coordinator Coordinator)? _group;

    /// <summary>Whether transactions go as in KIP-890; null when the coordinator cannot be reached.</summary>
    public async ValueTask<bool?> TryIsV2Async(CallDeadline deadline) =>
        await coordinator.TryFeatureLevelAsync(Feature, deadline) is { } level ? level >= LevelOfV2 : null;

    /// <summary>
    /// A producer id and epoch: anew, which fences earlier producers and ends what they left, or the next epoch of the one there is.
    /// </summary>
    public async ValueTask<ProducerStamp> InitAsync(ProducerStamp current, CallDeadline deadline)
    {
        InitProducerIdRequest request = new()
        {
            TransactionalId = transactionalId,
            TransactionTimeoutMs = (int)transactionTimeout.TotalMilliseconds,
            ProducerId = current.Id,
            ProducerEpoch = current.Epoch,
        };
        InitProducerIdResponse response = await CallAsync(coordinator, TransactionRequest.Init, request, static r => r.ErrorCode, deadline);
        return new ProducerStamp(response.ProducerId, response.ProducerEpoch, ProducerStamp.NoSequence);
    }

    /// <summary>Adds partitions to the transaction, before their first batch.</summary>
    public async ValueTask AddAsync(ProducerStamp producer, IReadOnlyCollection<TopicPartition> partitions, CallDeadline deadline)
    {
        AddPartitionsToTxnRequest request = new()
        {
            V3AndBelowTransactionalId = transactionalId,
            V3AndBelowProducerId = producer.Id,
            V3AndBelowProducerEpoch = producer.Epoch,
            V3AndBelowTopics =
            [
                .. partitions
                    .GroupBy(each => each.Topic, StringComparer.Ordinal)
                    .Select(topic => new AddPartitionsToTxnRequest.AddPartitionsToTxnTopic
                    {
                        Name = topic.Key,
                        Partitions = [.. topic.Select(each => each.Partition)],
                    }),
            ],
        };
        await CallAsync(coordinator, TransactionRequest.Add, request, WorstOf, deadline, LastAddOfClients);
    }

    /// <summary>Adds a group's offsets to the transaction, before they are committed.</summary>
    public async ValueTask AddOffsetsAsync(ProducerStamp producer, string group, CallDeadline deadline)
    {
        AddOffsetsToTxnRequest request = new()
        {
            TransactionalId = transactionalId,
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            GroupId = group,
        };
        await CallAsync(coordinator, TransactionRequest.Add, request, static r => r.ErrorCode, deadline);
    }

    /// <summary>Commits offsets as part of the transaction.</summary>
    public async ValueTask CommitOffsetsAsync(
        ProducerStamp producer,
        bool isV2,
        ConsumerGroupMetadata group,
        IReadOnlyDictionary<TopicPartition, Offset> offsets,
        CallDeadline deadline
    )
    {
        TxnOffsetCommitRequest request = new()
        {
            TransactionalId = transactionalId,
            GroupId = group.GroupId,
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            GenerationId = group.GenerationId,
            MemberId = group.MemberId,
            GroupInstanceId = group.GroupInstanceId,
            Topics =
            [
                .. offsets
                    .GroupBy(each => each.Key.Topic, StringComparer.Ordinal)
                    .Select(topic => new TxnOffsetCommitRequest.TxnOffsetCommitTopic
                    {
                        Name = topic.Key,
                        Partitions =
                        [
                            .. topic.Select(each => new TxnOffsetCommitRequest.TxnOffsetCommitPartition
                            {
                                PartitionIndex = each.Key.Partition,
                                CommittedOffset = each.Value,
                                CommittedLeaderEpoch = group.EpochBefore(each.Key, each.Value),
                                CommittedMetadata = "",
                            }),
                        ],
                    }),
            ],
        };
        await CallAsync(
            CoordinatorOf(group.GroupId),
            TransactionRequest.CommitOffsets,
            request,
            WorstOf,
            deadline,
            isV2 ? short.MaxValue : LastCommitOffsetsOfV1
        );
    }

    /// <summary>Commits or aborts.</summary>
    /// <returns>Id and epoch for the next transaction, where the coordinator names them.</returns>
    public async ValueTask<ProducerStamp?> EndAsync(ProducerStamp producer, bool isV2, bool commits, CallDeadline deadline)
    {
        EndTxnRequest request = new()
        {
            TransactionalId = transactionalId,
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            Committed = commits,
        };

        // Where a lost response leaves it open whether the coordinator was told of the transaction at all, there may be nothing to abort.
        EndTxnResponse response = await CallAsync(
            coordinator,
            TransactionRequest.End,
            request,
            commits ? static r => r.ErrorCode : static r => r.ErrorCode == ErrorCode.InvalidTxnState ? ErrorCode.None : r.ErrorCode,
            deadline,
            isV2 ? short.MaxValue : LastEndOfV1
        );
        return response.ProducerId.IsPresent
            ? new ProducerStamp(response.ProducerId, response.ProducerEpoch, ProducerStamp.NoSequence)
            : null;
    }

    private async ValueTask<TResponse> CallAsync<TResponse>(
        Coordinator asked,
        TransactionRequest kind,
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        CallDeadline deadline,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new()
    {
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            (TResponse? response, ErrorCode error, string reason) = await asked.TryCallAsync(
                request,
                errorOf,
                deadline,
                null,
                highestVersion
            );
            TransactionVerdict verdict = TransactionErrors.Verdict(kind, error);
            if (response is not null && verdict == TransactionVerdict.Done)
            {
                return response;
            }

            if (verdict != TransactionVerdict.Retry || !await deadline.PauseAsync(backoff.Next()))
            {
                throw Failure(request.Api, verdict, error, reason);
            }
        }
    }

    private KafkaException Failure(ApiKey api, TransactionVerdict verdict, ErrorCode error, string reason)
    {
        string advice = error switch
        {
            ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch =>
                "; another producer with this transactional id has taken over, or the coordinator has aborted a transaction that took "
                    + "longer than transaction.timeout.ms: close this producer",
            _ => verdict switch
            {
                TransactionVerdict.Abort => "; abort the transaction",
                TransactionVerdict.Fatal => "; close this producer",
                _ => "",
            },
        };
        return new KafkaException(error, $"producer '{transactionalId}': {api} failed: {reason}{advice}")
        {
            NeedsAbort = verdict == TransactionVerdict.Abort,
            IsFatal = verdict == TransactionVerdict.Fatal,
        };
    }

    private Coordinator CoordinatorOf(string group)
    {
        if (_group is { } known && known.Group == group)
        {
            return known.Coordinator;
        }

        Coordinator found = groups(group);
        _group = (group, found);
        return found;
    }

    private static ErrorCode WorstOf(AddPartitionsToTxnResponse response) =>
        Worst(
            TransactionRequest.Add,
            response.ResultsByTopicV3AndBelow.SelectMany(topic => topic.ResultsByPartition.Select(each => each.PartitionErrorCode))
        );

    private static ErrorCode WorstOf(TxnOffsetCommitResponse response) =>
        Worst(TransactionRequest.CommitOffsets, response.Topics.SelectMany(topic => topic.Partitions.Select(each => each.ErrorCode)));

    /// <summary>The error with the gravest verdict. That others of the request failed is never the reason.</summary>
    private static ErrorCode Worst(TransactionRequest kind, IEnumerable<ErrorCode> errors)
    {
        ErrorCode worst = ErrorCode.None;
        foreach (ErrorCode error in errors)
        {
            if (error != ErrorCode.OperationNotAttempted && TransactionErrors.Verdict(kind, error) > TransactionErrors.Verdict(kind, worst))
            {
                worst = error;
            }
        }

        return worst;
    }
}
