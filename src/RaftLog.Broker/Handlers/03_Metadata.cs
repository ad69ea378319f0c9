using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// Metadata (3), versions 0 to 13: brokers, topics and who leads what, from one image. Version 0 reads an empty list as all topics, later
/// ones only null; from version 12 a topic may be asked for by id. A topic that does not exist begins to be created when the client allows
/// it and <c>auto.create.topics.enable</c> is on; this response still says that it is unknown, and the client asks again.
/// </summary>
internal sealed class MetadataHandler(MetadataCache cache, LostBrokers lost, TopicAutoCreation autoCreation)
    : IRequestHandler<MetadataRequest, MetadataResponse>
{
    private const short FirstWithNullForAll = 1;
    private const short FirstWithAutoCreateFlag = 4;
    private const short FirstWithIdQueries = 12;

    public async ValueTask<MetadataResponse?> HandleAsync(MetadataRequest request, RequestContext context)
    {
        await cache.WhenSelfIsNamedAsync();
        return Respond(request, context);
    }

    private MetadataResponse Respond(MetadataRequest request, RequestContext context)
    {
        if (
            context.Version < FirstWithIdQueries
            && request.Topics is { } asked
            && asked.Any(topic => topic.Name is null || topic.TopicId != Uuid.Zero)
        )
        {
            return RejectIdQuery(request);
        }

        MetadataImage image = cache.Image;
        bool all = request.Topics is null || (context.Version < FirstWithNullForAll && request.Topics.Count == 0);
        if (!all && (context.Version < FirstWithAutoCreateFlag || request.AllowAutoTopicCreation))
        {
            autoCreation.CreateMissing(request.Topics!.Select(topic => topic.Name));
        }

        MetadataResponse response = Respond(all ? null : request.Topics, image, context.Connection.ListenerName);
        TellWhatIsAllowed(request, response);
        return response;
    }

    private MetadataResponse Respond(List<MetadataRequest.TopicData>? asked, MetadataImage image, string listener)
    {
        MetadataResponse response = new() { ClusterId = cache.ClusterId };
        foreach ((BrokerRegistration broker, Endpoint endpoint) in lost.Named(image, listener))
        {
            response.Brokers.Add(
                new()
                {
                    NodeId = broker.Id,
                    Host = endpoint.Host,
                    Port = endpoint.Port,
                    Rack = broker.Rack,
                }
            );
        }

        // Brokers forward what only the controller can do, so any live one will do; clients that ask different nodes spread their load.
        response.ControllerId = image.IsAlive(cache.Self)
            ? cache.Self
            : response.Brokers.Select(broker => broker.NodeId).FirstOrDefault(image.IsAlive, NodeId.None);
        if (asked is null)
        {
            foreach (TopicImage topic in image.Topics.InNameOrder)
            {
                response.Topics.Add(Describe(topic, image, listener));
            }

            return response;
        }

        HashSet<(string?, Uuid)> seen = [];
        foreach (MetadataRequest.TopicData topic in asked)
        {
            if (seen.Add((topic.Name, topic.TopicId)))
            {
                response.Topics.Add(Find(topic, image, listener));
            }
        }

        return response;
    }

    private static void TellWhatIsAllowed(MetadataRequest request, MetadataResponse response)
    {
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AllowedOperations.OnCluster;
        }

        if (request.IncludeTopicAuthorizedOperations)
        {
            foreach (MetadataResponse.TopicData topic in response.Topics.Where(topic => topic.Name is not null))
            {
                topic.TopicAuthorizedOperations = AllowedOperations.OnTopic;
            }
        }
    }

    private static MetadataResponse.TopicData Find(MetadataRequest.TopicData asked, MetadataImage image, string listener)
    {
        if (asked.Name is null)
        {
            return image.Topics.TryGet(asked.TopicId, out TopicImage? byId)
                ? Describe(byId, image, listener)
                : new()
                {
                    ErrorCode = ErrorCode.UnknownTopicId,
                    TopicId = asked.TopicId,
                    Name = null,
                };
        }

        if (image.Topics.TryGet(asked.Name, out TopicImage? byName))
        {
            return Describe(byName, image, listener);
        }

        return new()
        {
            ErrorCode = TopicNames.Rejection(asked.Name) is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException,
            Name = asked.Name,
            IsInternal = InternalTopics.Contains(asked.Name),
        };
    }

    private static MetadataResponse.TopicData Describe(TopicImage topic, MetadataImage image, string listener)
    {
        MetadataResponse.TopicData described = new()
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = InternalTopics.Contains(topic.Name),
        };
        foreach ((int index, PartitionRegistration partition) in topic.Partitions)
        {
            (NodeId leader, ErrorCode error) = image.ReachableLeader(partition, listener);
            described.Partitions.Add(
                new()
                {
                    ErrorCode = error,
                    PartitionIndex = index,
                    LeaderId = leader,
                    LeaderEpoch = partition.LeaderEpoch,
                    ReplicaNodes = [.. partition.Replicas],
                    IsrNodes = [.. partition.Isr],
                    OfflineReplicas = image.OfflineReplicas(partition),
                }
            );
        }

        return described;
    }

    private static MetadataResponse RejectIdQuery(MetadataRequest request)
    {
        MetadataResponse response = new();
        foreach (MetadataRequest.TopicData topic in request.Topics!)
        {
            response.Topics.Add(
                new()
                {
                    ErrorCode = ErrorCode.InvalidRequest,
                    Name = topic.Name ?? "",
                    TopicId = topic.TopicId,
                }
            );
        }

        return response;
    }
}
