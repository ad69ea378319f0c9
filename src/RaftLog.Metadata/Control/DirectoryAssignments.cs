using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Metadata;

/// <summary>Records in which directory a broker's replicas lie (KIP-858).</summary>
internal static class DirectoryAssignments
{
    public static ControllerResult<AssignReplicasToDirsResponse> Assign(
        MetadataImage image,
        IConfigTable configs,
        AssignReplicasToDirsRequest request
    )
    {
        if (!image.Version.TracksDirectories)
        {
            return new([], new AssignReplicasToDirsResponse { ErrorCode = ErrorCode.UnsupportedVersion });
        }

        if (!image.Brokers.TryGetValue(request.BrokerId, out BrokerRegistration? broker) || broker.Epoch != request.BrokerEpoch)
        {
            return new([], new AssignReplicasToDirsResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        Draft draft = new(image);
        AssignReplicasToDirsResponse response = new();
        foreach (AssignReplicasToDirsRequest.DirectoryData directory in request.Directories)
        {
            AssignReplicasToDirsResponse.DirectoryData directoryResponse = new() { Id = directory.Id };
            response.Directories.Add(directoryResponse);
            foreach (AssignReplicasToDirsRequest.TopicData topic in directory.Topics)
            {
                AssignReplicasToDirsResponse.TopicData topicResponse = new() { TopicId = topic.TopicId };
                directoryResponse.Topics.Add(topicResponse);
                foreach (AssignReplicasToDirsRequest.PartitionData partition in topic.Partitions)
                {
                    ErrorCode error = AssignOne(draft, configs, broker.Id, directory.Id, topic.TopicId, partition.PartitionIndex);
                    topicResponse.Partitions.Add(new() { PartitionIndex = partition.PartitionIndex, ErrorCode = error });
                }
            }
        }

        return draft.Respond(response);
    }

    private static ErrorCode AssignOne(Draft draft, IConfigTable configs, NodeId broker, Uuid directory, Uuid topicId, int index)
    {
        MetadataImage image = draft.Image;
        if (!image.Topics.TryGet(topicId, out TopicImage? topic))
        {
            return ErrorCode.UnknownTopicId;
        }

        if (!topic.Partitions.TryGetValue(index, out PartitionRegistration? partition))
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        if (!partition.Replicas.Contains(broker))
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        // A replica whose directory is gone leaves the in-sync set in the same change.
        bool online = image.Brokers[broker].HasOnline(directory);
        draft.AddIfAny(
            new PartitionChangeBuilder(image, topicId, index, partition)
            {
                Election = Leadership.KindFor(image, configs, topic),
                Isr = online ? partition.Isr : partition.Isr.Without(broker),
                MovedDirectories = new SortedDictionary<NodeId, Uuid> { [broker] = directory },
            }.Build()
        );
        return ErrorCode.None;
    }
}
