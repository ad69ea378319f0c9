using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>Tells the client that creates a topic which this node cannot serve for now, and why.</summary>
internal static class UnmadePartitions
{
    /// <summary>
    /// Turns the success of such a topic into KAFKA_STORAGE_ERROR: it exists, and has a partition that nobody can write to.
    /// </summary>
    public static void TellOf(CreateTopicsResponse response, MetadataImage image, PartitionTable partitions)
    {
        foreach (CreateTopicsResponse.CreatableTopicResult created in response.Topics)
        {
            if (created.ErrorCode == ErrorCode.None && image.Topics.TryGet(created.TopicId, out TopicImage? topic))
            {
                foreach (int index in topic.Partitions.Keys)
                {
                    if (partitions.WhyUnmade(new TopicIdPartition(topic.Id, index)) is { } failure)
                    {
                        Reject(created, index, failure);
                        break;
                    }
                }
            }
        }
    }

    private static void Reject(CreateTopicsResponse.CreatableTopicResult created, int index, DiskException failure)
    {
        created.ErrorCode = ErrorCode.KafkaStorageError;
        created.ErrorMessage =
            $"the topic exists, but the log of its partition {index} cannot be made: {failure.Message}; {failure.WayOut}. It is tried "
            + $"again every 5 s";
    }
}
