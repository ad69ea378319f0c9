using RaftLog.Broker.Cluster;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// FindCoordinator (10), versions 0 to 6: the leader of the partition that keeps a group or a transactional id. Its topic is made on first
/// use; until it is there, and while the partition has no leader that is alive, the coordinator is not available and the client asks again.
/// There are no share groups.
/// </summary>
internal sealed class FindCoordinatorHandler(MetadataCache cache, TopicAutoCreation autoCreation)
    : IRequestHandler<FindCoordinatorRequest, FindCoordinatorResponse>
{
    private const short FirstWithManyKeys = 4;
    private const short FirstWithShareGroups = 6;
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;
    private const sbyte Share = 2;
    private const int ShareKeyParts = 3;

    // Kafka's text for no error in the versions with one key.
    private const string NoErrorText = "NONE";

    public ValueTask<FindCoordinatorResponse?> HandleAsync(FindCoordinatorRequest request, RequestContext context) =>
        ValueTask.FromResult<FindCoordinatorResponse?>(
            context.Version < FirstWithManyKeys ? FindOne(request, context) : FindMany(request, context)
        );

    private FindCoordinatorResponse FindOne(FindCoordinatorRequest request, RequestContext context)
    {
        Found found = Find(request.KeyType, request.Key, context);
        return new()
        {
            ErrorCode = found.Error,
            ErrorMessage = found.Reason ?? NoErrorText,
            NodeId = found.Node,
            Host = found.Host,
            Port = found.Port,
        };
    }

    private FindCoordinatorResponse FindMany(FindCoordinatorRequest request, RequestContext context)
    {
        FindCoordinatorResponse response = new();
        foreach (string key in request.CoordinatorKeys)
        {
            Found found = Find(request.KeyType, key, context);
            response.Coordinators.Add(
                new()
                {
                    Key = key,
                    ErrorCode = found.Error,
                    ErrorMessage = found.Reason ?? "",
                    NodeId = found.Node,
                    Host = found.Host,
                    Port = found.Port,
                }
            );
        }

        return response;
    }

    private Found Find(sbyte type, string key, RequestContext context) =>
        type switch
        {
            Group => FindLeader(InternalTopics.ConsumerOffsets, key, context.Connection.ListenerName),
            Transaction => FindLeader(InternalTopics.TransactionState, key, context.Connection.ListenerName),
            Share when context.Version < FirstWithShareGroups => Found.No(
                ErrorCode.InvalidRequest,
                $"version {context.Version} knows no share groups"
            ),
            Share when !IsShareKey(key) => Found.No(ErrorCode.InvalidRequest, $"'{key}' is not of the form group:topicId:partition"),
            Share => Found.No(ErrorCode.CoordinatorNotAvailable, "this release has no share groups"),
            _ => Found.No(ErrorCode.InvalidRequest, $"there is no coordinator of type {type}"),
        };

    private Found FindLeader(string topic, string key, string listener)
    {
        MetadataImage image = cache.Image;
        if (!image.Topics.TryGet(topic, out TopicImage? known))
        {
            autoCreation.CreateInternal(topic);
            return Found.No(ErrorCode.CoordinatorNotAvailable, $"{topic} is being made");
        }

        int index = CoordinatorKeys.PartitionOf(key, known.Partitions.Count);
        PartitionRegistration? partition = known.Partitions.GetValueOrDefault(index);
        (NodeId leader, ErrorCode error) = partition is null
            ? (NodeId.None, ErrorCode.LeaderNotAvailable)
            : image.ReachableLeader(partition, listener);
        return error == ErrorCode.None && image.Brokers[leader].TryGetEndpoint(listener, out Endpoint endpoint)
            ? new Found(ErrorCode.None, null, leader, endpoint.Host, endpoint.Port)
            : Found.No(ErrorCode.CoordinatorNotAvailable, $"{topic}-{index} has no leader that can be reached");
    }

    private static bool IsShareKey(string key)
    {
        string[] parts = key.Split(':');
        return parts.Length >= ShareKeyParts
            && Uuid.TryParse(parts[^2], out _)
            && int.TryParse(parts[^1], out int partition)
            && partition >= 0;
    }

    private readonly record struct Found(ErrorCode Error, string? Reason, NodeId Node, string Host, int Port)
    {
        public static Found No(ErrorCode error, string reason) => new(error, ErrorText.InShort(reason), NodeId.None, "", -1);
    }
}
