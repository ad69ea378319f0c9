using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// AlterReplicaLogDirs (34), versions 1 and 2: begins to move replicas of this node to other log directories of it (KIP-113). For a
/// partition that this node does not hold yet it notes where its log shall be made, and responds that the node does not hold it.
/// </summary>
/// <param name="lookup">The partitions.</param>
/// <param name="places">Where logs are made.</param>
/// <param name="mover">Who moves them.</param>
internal sealed class AlterReplicaLogDirsHandler(PartitionLookup lookup, LogPlacement places, ReplicaMover mover)
    : IRequestHandler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>
{
    public async ValueTask<AlterReplicaLogDirsResponse?> HandleAsync(AlterReplicaLogDirsRequest request, RequestContext context)
    {
        SortedDictionary<TopicPartition, ErrorCode> results = [];
        foreach (AlterReplicaLogDirsRequest.AlterReplicaLogDir directory in request.Dirs)
        {
            foreach (AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic topic in directory.Topics)
            {
                foreach (int index in topic.Partitions)
                {
                    results[new TopicPartition(topic.Name, index)] = await MoveAsync(directory.Path, topic.Name, index);
                }
            }
        }

        AlterReplicaLogDirsResponse response = new();
        response.Results.AddRange(
            results
                .GroupBy(each => each.Key.Topic)
                .Select(topic => new AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult
                {
                    TopicName = topic.Key,
                    Partitions =
                    [
                        .. topic.Select(each => new AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult
                        {
                            PartitionIndex = each.Key.Partition,
                            ErrorCode = each.Value,
                        }),
                    ],
                })
        );
        return response;
    }

    private async ValueTask<ErrorCode> MoveAsync(string path, string topic, int index)
    {
        if (places.Find(path) is not { } target)
        {
            return ErrorCode.LogDirNotFound;
        }

        if (target.Health.IsOffline)
        {
            return ErrorCode.KafkaStorageError;
        }

        if (places.IsCordoned(target))
        {
            return ErrorCode.InvalidReplicaAssignment;
        }

        (Partition? partition, ErrorCode error) = lookup.ByName(topic, index);
        if (partition is not null)
        {
            return await mover.MoveAsync(partition, target);
        }

        if (error != ErrorCode.NotLeaderOrFollower)
        {
            return error;
        }

        places.Prefer(new TopicPartition(topic, index), target);
        return ErrorCode.ReplicaNotAvailable;
    }
}
