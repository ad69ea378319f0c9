using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Control;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Network;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Wiring;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using RaftLog.Storage;

namespace RaftLog.Broker;

/// <summary>
/// The APIs of a broker's listener. The ranges are those whose meaning is built; the lowest serve the weakest client in use. Produce alone
/// names versions that it rejects, because librdkafka compresses only for a broker that names version 0.
/// </summary>
internal static class BrokerApis
{
    /// <summary>Makes the table.</summary>
    public static ApiTable Create(BrokerParts parts)
    {
        NodeConfiguration config = parts.Config;
        MetadataCache cache = parts.Cache;
        TimeSpan forwardTimeout = TimeSpan.FromMilliseconds(config.Requests.TimeoutMs);
        FetchSessions sessions = new(config.Requests.FetchSessions, parts.World.Entropy);
        TopicAutoCreation autoCreation = new(
            cache,
            parts.Controller,
            parts.Supervisor,
            parts.NodeLog,
            [config.OffsetsTopic, config.TransactionsTopic],
            config.Topics.AutoCreate,
            forwardTimeout
        );
        List<Api> apis = [];
        apis.Add(
            Row(
                new ProduceHandler(
                    parts.Lookup,
                    cache,
                    new TransactionalProduce(parts.Transactions.Verifier, new ProducerTurns()),
                    parts.Waiters
                ),
                overlaps: true
            )
        );
        apis.Add(
            Row(
                new FetchHandler(
                    parts.Lookup,
                    sessions,
                    cache,
                    parts.Partitions.LeaderThrottle,
                    parts.Waiters,
                    config.Requests.FetchMaxBytes
                )
            )
        );
        apis.Add(Row(new ListOffsetsHandler(parts.Lookup, parts.ClientWarnings)));
        apis.Add(Row(new MetadataHandler(cache, parts.Lost, autoCreation)));
        apis.Add(Row(new OffsetCommitHandler(parts.Groups)));
        apis.Add(Row(new OffsetFetchHandler(parts.Groups)));
        apis.Add(Row(new FindCoordinatorHandler(cache, autoCreation)));
        apis.Add(Row(new JoinGroupHandler(parts.Groups)));
        apis.Add(Row(new HeartbeatHandler(parts.Groups)));
        apis.Add(Row(new LeaveGroupHandler(parts.Groups)));
        apis.Add(Row(new SyncGroupHandler(parts.Groups)));
        apis.Add(Row(new DescribeGroupsHandler(parts.Groups)));
        apis.Add(Row(new ListGroupsHandler(parts.Groups)));
        apis.Add(Row(new ApiVersionsHandler(() => AdvertisedVersions.Of(apis), () => cache.Image)));
        apis.Add(
            Row(
                new ForwardedToController<CreateTopicsRequest, CreateTopicsResponse>(
                    parts.Controller,
                    forwardTimeout,
                    request => ErrorResponses.Of(request, ErrorCode.RequestTimedOut)
                )
                {
                    Settling = new(cache, parts.Publisher)
                    {
                        IsShown = static (request, response, image) =>
                            response.Topics.TrueForAll(topic =>
                                topic.ErrorCode != ErrorCode.None || topic.TopicId == Uuid.Zero || image.Topics.TryGet(topic.TopicId, out _)
                            ),
                        PatienceMs = static request => request.TimeoutMs,
                        Complete = response => UnmadePartitions.TellOf(response, cache.Image, parts.Partitions),
                    },
                }
            )
        );
        apis.Add(
            Row(
                new ForwardedToController<DeleteTopicsRequest, DeleteTopicsResponse>(
                    parts.Controller,
                    forwardTimeout,
                    request => ErrorResponses.Of(request, ErrorCode.RequestTimedOut)
                )
                {
                    Modernise = static request =>
                    {
                        request.Topics.AddRange(
                            request.TopicNames.Select(name => new DeleteTopicsRequest.DeleteTopicState { Name = name })
                        );
                        request.TopicNames = [];
                    },
                    Settling = new(cache, parts.Publisher)
                    {
                        IsShown = static (request, response, image) =>
                            response.Responses.TrueForAll(topic =>
                                topic.ErrorCode != ErrorCode.None || !image.Topics.TryGet(topic.TopicId, out _)
                            ),
                        PatienceMs = static request => request.TimeoutMs,
                    },
                }
            )
        );
        apis.Add(Row(new DeleteRecordsHandler(parts.Lookup, cache, parts.Configs, parts.Waiters)));
        apis.Add(Row(new InitProducerIdHandler(parts.ProducerIds, parts.Transactions.Shards)));
        apis.Add(Row(new OffsetForLeaderEpochHandler(parts.Lookup)));
        apis.Add(Row(new AddPartitionsToTxnHandler(cache, parts.Transactions.Shards)));
        apis.Add(Row(new AddOffsetsToTxnHandler(cache, config.OffsetsTopic.Partitions, parts.Transactions.Shards)));
        apis.Add(Row(new EndTxnHandler(parts.Transactions.Shards)));
        apis.Add(Row(new WriteTxnMarkersHandler(parts.Transactions.Markers)));
        apis.Add(Row(new TxnOffsetCommitHandler(parts.Groups, parts.Lookup, cache, parts.Transactions.Verifier)));
        apis.Add(Row(new DescribeConfigsHandler(() => cache.Image, parts.Configs)));
        apis.Add(Forwarded<AlterConfigsRequest, AlterConfigsResponse>(parts.Controller, forwardTimeout, ErrorResponses.Of));
        apis.Add(Row(new AlterReplicaLogDirsHandler(parts.Lookup, parts.Partitions.Places, parts.Partitions.Mover)));
        apis.Add(Row(new DescribeLogDirsHandler(parts.Directories, parts.Partitions.Places)));
        apis.Add(
            Row(
                new ForwardedToController<CreatePartitionsRequest, CreatePartitionsResponse>(
                    parts.Controller,
                    forwardTimeout,
                    request => ErrorResponses.Of(request, ErrorCode.RequestTimedOut)
                )
                {
                    Settling = new(cache, parts.Publisher)
                    {
                        IsShown = static (request, response, image) =>
                            request.ValidateOnly
                            || response.Results.TrueForAll(result =>
                                result.ErrorCode != ErrorCode.None
                                || !image.Topics.TryGet(result.Name, out TopicImage? topic)
                                || request.Topics.TrueForAll(asked => asked.Name != result.Name || topic.Partitions.Count >= asked.Count)
                            ),
                        PatienceMs = static request => request.TimeoutMs,
                    },
                }
            )
        );
        apis.Add(Row(new DeleteGroupsHandler(parts.Groups)));
        apis.Add(Forwarded<ElectLeadersRequest, ElectLeadersResponse>(parts.Controller, forwardTimeout, ErrorResponses.Of));
        apis.Add(
            Row(
                new IncrementalAlterConfigsHandler(
                    new ForwardedToController<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
                        parts.Controller,
                        forwardTimeout,
                        request => ErrorResponses.Of(request, ErrorCode.RequestTimedOut)
                    ),
                    parts.Partitions.Places,
                    config.NodeId
                )
            )
        );
        apis.Add(
            Forwarded<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
                parts.Controller,
                forwardTimeout,
                ErrorResponses.Of
            )
        );
        apis.Add(
            Forwarded<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(
                parts.Controller,
                forwardTimeout,
                ErrorResponses.Of,
                isReadOnly: true
            )
        );
        apis.Add(
            Forwarded<DescribeQuorumRequest, DescribeQuorumResponse>(
                parts.Controller,
                forwardTimeout,
                (_, error) => new DescribeQuorumResponse { ErrorCode = error },
                isReadOnly: true
            )
        );
        apis.Add(Row(new OffsetDeleteHandler(parts.Groups)));
        apis.Add(
            Row(
                new UpdateFeaturesHandler(
                    new ForwardedToController<UpdateFeaturesRequest, UpdateFeaturesResponse>(
                        parts.Controller,
                        forwardTimeout,
                        request => ErrorResponses.Of(request, ErrorCode.RequestTimedOut)
                    )
                )
            )
        );
        apis.Add(Row(new DescribeClusterHandler(cache)));
        apis.Add(Row(new DescribeProducersHandler(parts.Lookup)));
        apis.Add(Forwarded<UnregisterBrokerRequest, UnregisterBrokerResponse>(parts.Controller, forwardTimeout, ErrorResponses.Of));
        apis.Add(Row(new DescribeTransactionsHandler(parts.Transactions.Shards)));
        apis.Add(Row(new ListTransactionsHandler(parts.Transactions.Shards)));
        apis.Add(Row(new ConsumerGroupHeartbeatHandler(parts.Groups, ServesConsumerGroups)));
        apis.Add(Row(new ConsumerGroupDescribeHandler(parts.Groups, ServesConsumerGroups)));
        apis.Add(Row(new ListConfigResourcesHandler(cache)));
        apis.Add(Row(new DescribeTopicPartitionsHandler(cache, config.Requests.DescribePartitionsLimit)));
        return new ApiTable(apis);

        bool ServesConsumerGroups() => config.Groups.ServesConsumerProtocol && cache.Image.FeatureLevel(Features.GroupVersion) > 0;
    }

    private static MessageApi<TRequest, TResponse> Forwarded<TRequest, TResponse>(
        IControllerChannel controller,
        TimeSpan timeout,
        Func<TRequest, ErrorCode, TResponse> reject,
        bool isReadOnly = false
    )
        where TRequest : class, IRequest<TResponse>, new()
        where TResponse : class, IVersionedMessage, new() =>
        Row(
            new ForwardedToController<TRequest, TResponse>(controller, timeout, request => reject(request, ErrorCode.RequestTimedOut))
            {
                IsReadOnly = isReadOnly,
            }
        );

    private static MessageApi<TRequest, TResponse> Row<TRequest, TResponse>(
        IRequestHandler<TRequest, TResponse> handler,
        bool overlaps = false
    )
        where TRequest : class, IRequest<TResponse>, new()
        where TResponse : class, IVersionedMessage, new()
    {
        ServedVersions served = ServedVersions.OnBrokers.Single(each => each.Key == TRequest.ApiKey);
        return new(handler, served.Lowest, served.Highest, served.AdvertisedLowest)
        {
            Overlaps = overlaps,
            AdvertisedHighest = served.AdvertisedHighest,
        };
    }
}

/// <summary>What the handlers of a broker's listener are made of.</summary>
internal sealed record BrokerParts(
    NodeConfiguration Config,
    World World,
    Waiters Waiters,
    Supervisor Supervisor,
    NodeLog NodeLog,
    ClientWarnings ClientWarnings,
    MetadataCache Cache,
    LostBrokers Lost,
    MetadataPublisher Publisher,
    PartitionLookup Lookup,
    PartitionTable Partitions,
    IReadOnlyList<LogDirectory> Directories,
    ClusterConfigs Configs,
    ProducerIdBlock ProducerIds,
    GroupCoordinator Groups,
    TransactionAssembly Transactions,
    IControllerChannel Controller
);
