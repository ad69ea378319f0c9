using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DescribeTopicPartitions (75), version 0: partitions page by page, with their eligible leader replicas (KIP-966). Topics come in name
/// order; a page ends after <c>max.request.partition.size.limit</c> partitions, or fewer if the client asks, and its cursor says where the
/// next begins.
/// </summary>
internal sealed class DescribeTopicPartitionsHandler(MetadataCache cache, int partitionLimit)
    : IRequestHandler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>
{
    public async ValueTask<DescribeTopicPartitionsResponse?> HandleAsync(DescribeTopicPartitionsRequest request, RequestContext context)
    {
        await cache.WhenSelfIsNamedAsync();
        return Respond(request, cache.Image, context.Connection.ListenerName);
    }

    private DescribeTopicPartitionsResponse Respond(DescribeTopicPartitionsRequest request, MetadataImage image, string listener)
    {
        if (
            request.Cursor is { } cursor
            && (cursor.PartitionIndex < 0 || (request.Topics.Count > 0 && !request.Topics.Exists(topic => topic.Name == cursor.TopicName)))
        )
        {
            return RejectCursor(request);
        }

        string from = request.Cursor?.TopicName ?? "";
        int fromPartition = request.Cursor?.PartitionIndex ?? 0;
        int room = Math.Min(partitionLimit, Math.Max(1, request.ResponsePartitionLimit));
        IEnumerable<string> names =
            request.Topics.Count == 0
                ? image.Topics.IdsByName.Keys
                : request.Topics.Select(topic => topic.Name).Distinct().Order(StringComparer.Ordinal);

        DescribeTopicPartitionsResponse response = new();
        foreach (string name in names.Where(name => string.CompareOrdinal(name, from) >= 0))
        {
            if (room <= 0)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = 0 };
                break;
            }

            int first = name == from ? fromPartition : 0;
            if (!image.Topics.TryGet(name, out TopicImage? topic))
            {
                response.Topics.Add(Unknown(name));
                continue;
            }

            DescribeTopicPartitionsResponse.DescribeTopicPartitionsTopic described = new()
            {
                Name = topic.Name,
                TopicId = topic.Id,
                IsInternal = InternalTopics.Contains(topic.Name),
                TopicAuthorizedOperations = AllowedOperations.OnTopic,
            };
            response.Topics.Add(described);
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                if (index < first)
                {
                    continue;
                }

                if (room-- <= 0)
                {
                    response.NextCursor = new() { TopicName = name, PartitionIndex = index };
                    return response;
                }

                described.Partitions.Add(Describe(index, partition, image, listener));
            }
        }

        return response;
    }

    private static DescribeTopicPartitionsResponse RejectCursor(DescribeTopicPartitionsRequest request)
    {
        DescribeTopicPartitionsResponse response = new();
        response.Topics.AddRange(
            request.Topics.Select(topic => new DescribeTopicPartitionsResponse.DescribeTopicPartitionsTopic
            {
                ErrorCode = ErrorCode.InvalidRequest,
                Name = topic.Name,
            })
        );
        return response;
    }

    // Kafka's own command line does not survive a null list of eligible leaders, so an empty one is an empty list.
    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsPartition Describe(
        int index,
        PartitionRegistration partition,
        MetadataImage image,
        string listener
    )
    {
        (NodeId leader, ErrorCode error) = image.ReachableLeader(partition, listener);
        return new()
        {
            ErrorCode = error == ErrorCode.ListenerNotFound ? error : ErrorCode.None,
            PartitionIndex = index,
            LeaderId = leader,
            LeaderEpoch = partition.LeaderEpoch,
            ReplicaNodes = [.. partition.Replicas],
            IsrNodes = [.. partition.Isr],
            EligibleLeaderReplicas = [.. partition.EligibleLeaders],
            LastKnownElr = [.. partition.LastKnownEligible],
            OfflineReplicas = image.OfflineReplicas(partition),
        };
    }

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsTopic Unknown(string name) =>
        new()
        {
            ErrorCode = TopicNames.Rejection(name) is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException,
            Name = name,
            IsInternal = InternalTopics.Contains(name),
            TopicAuthorizedOperations = AllowedOperations.OnTopic,
        };
}
