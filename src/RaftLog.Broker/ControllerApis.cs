using RaftLog.Broker.Cluster;
using RaftLog.Broker.Control;
using RaftLog.Broker.Handlers;
using RaftLog.Broker.Quorum;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker;

/// <summary>The APIs of a controller's listener, with Kafka's own version ranges.</summary>
internal static class ControllerApis
{
    /// <summary>Makes the table.</summary>
    public static ApiTable Create(ControllerParts parts)
    {
        List<Api> apis = [];
        ActiveController active = parts.Active;
        apis.Add(Row(new FetchMetadataLogHandler(parts.Quorum, parts.ClusterId, parts.FetchMaxBytes)));
        apis.Add(Row(new ApiVersionsHandler(() => AdvertisedVersions.Of(apis), parts.Image)));
        apis.Add(Row(new CreateTopicsHandler(active, parts.Configs)));
        apis.Add(Decided<DeleteTopicsRequest, DeleteTopicsResponse>(active, (c, r, _, _) => c.DeleteTopics(r), ErrorResponses.Of));
        apis.Add(Row(new DescribeConfigsHandler(parts.Image, parts.Configs)));
        apis.Add(
            Row(
                new ConfigsDecidedByController<AlterConfigsRequest, AlterConfigsResponse>(
                    active,
                    (c, r, isForwarded) => c.AlterConfigs(r, isForwarded),
                    ErrorResponses.Of
                )
            )
        );
        apis.Add(
            Decided<CreatePartitionsRequest, CreatePartitionsResponse>(active, (c, r, _, _) => c.CreatePartitions(r), ErrorResponses.Of)
        );
        apis.Add(Decided<ElectLeadersRequest, ElectLeadersResponse>(active, (c, r, _, _) => c.ElectLeaders(r), ErrorResponses.Of));
        apis.Add(
            Row(
                new ConfigsDecidedByController<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
                    active,
                    (c, r, isForwarded) => c.IncrementalAlterConfigs(r, isForwarded),
                    ErrorResponses.Of
                )
            )
        );
        apis.Add(
            Decided<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
                active,
                (c, r, _, _) => c.AlterReassignments(r),
                ErrorResponses.Of
            )
        );
        apis.Add(
            Decided<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(
                active,
                (c, r, _, _) => c.ListReassignments(r),
                ErrorResponses.Of
            )
        );
        apis.Add(Row(new VoteHandler(parts.Quorum, parts.ClusterId)));
        apis.Add(Row(new BeginQuorumEpochHandler(parts.Quorum, parts.ClusterId)));
        apis.Add(Row(new EndQuorumEpochHandler(parts.Quorum, parts.ClusterId)));
        apis.Add(Row(new DescribeQuorumHandler(parts.Quorum, parts.Image, parts.Time, parts.NowMs)));
        apis.Add(Decided<AlterPartitionRequest, AlterPartitionResponse>(active, (c, r, _, _) => c.AlterPartition(r), ErrorResponses.Of));
        apis.Add(
            Row(
                new UpdateFeaturesHandler(
                    new DecidedByController<UpdateFeaturesRequest, UpdateFeaturesResponse>(
                        active,
                        (c, r, _, _) => c.UpdateFeatures(r),
                        ErrorResponses.Of
                    )
                )
            )
        );
        apis.Add(Row(new EnvelopeHandler(apis)));
        apis.Add(Row(new FetchSnapshotHandler(parts.Quorum, parts.ClusterId, parts.FetchMaxBytes)));
        apis.Add(Row(new DescribeControllersHandler(parts.ClusterId, parts.Image, parts.Leader)));
        apis.Add(
            Decided<BrokerRegistrationRequest, BrokerRegistrationResponse>(
                active,
                (c, r, next, now) => c.RegisterBroker(r, next, now),
                ErrorResponses.Of
            )
        );
        apis.Add(Row(new BrokerHeartbeatHandler(active)));
        apis.Add(
            Decided<UnregisterBrokerRequest, UnregisterBrokerResponse>(active, (c, r, _, _) => c.UnregisterBroker(r), ErrorResponses.Of)
        );
        apis.Add(
            Decided<AllocateProducerIdsRequest, AllocateProducerIdsResponse>(
                active,
                (c, r, _, _) => c.AllocateProducerIds(r),
                ErrorResponses.Of
            )
        );
        apis.Add(
            Decided<ControllerRegistrationRequest, ControllerRegistrationResponse>(
                active,
                (c, r, _, _) => c.RegisterController(r),
                ErrorResponses.Of
            )
        );
        apis.Add(
            Decided<AssignReplicasToDirsRequest, AssignReplicasToDirsResponse>(
                active,
                (c, r, _, _) => c.AssignReplicasToDirs(r),
                ErrorResponses.Of
            )
        );
        Invariant.Holds(
            apis.Select(api => api.Key).SequenceEqual(ServedVersions.OnControllers),
            "B-08",
            "a controller's listener serves other APIs than its table says"
        );
        return new ApiTable(apis);
    }

    private static MessageApi<TRequest, TResponse> Decided<TRequest, TResponse>(
        ActiveController active,
        Func<Controller, TRequest, Offset, long, ControllerResult<TResponse>> decide,
        Func<TRequest, ErrorCode, TResponse> reject
    )
        where TRequest : class, IRequest<TResponse>, new()
        where TResponse : class, IVersionedMessage, new() => Row(new DecidedByController<TRequest, TResponse>(active, decide, reject));

    private static MessageApi<TRequest, TResponse> Row<TRequest, TResponse>(IRequestHandler<TRequest, TResponse> handler)
        where TRequest : class, IRequest<TResponse>, new()
        where TResponse : class, IVersionedMessage, new() =>
        new(handler, TRequest.LowestVersion, TRequest.HighestVersion, TRequest.LowestVersion);
}

/// <summary>What the handlers of a controller's listener are made of.</summary>
/// <param name="Active">The controller.</param>
/// <param name="Quorum">The quorum's shell.</param>
/// <param name="Configs">The configuration in force.</param>
/// <param name="ClusterId">The cluster.</param>
/// <param name="FetchMaxBytes">The most bytes of one response with records.</param>
/// <param name="Image">The latest image.</param>
/// <param name="Leader">The quorum's leader, or none.</param>
/// <param name="Time">The wall clock.</param>
/// <param name="NowMs">The monotonic clock.</param>
internal sealed record ControllerParts(
    ActiveController Active,
    QuorumNode Quorum,
    ClusterConfigs Configs,
    string ClusterId,
    int FetchMaxBytes,
    Func<MetadataImage> Image,
    Func<NodeId> Leader,
    TimeProvider Time,
    Func<long> NowMs
);
