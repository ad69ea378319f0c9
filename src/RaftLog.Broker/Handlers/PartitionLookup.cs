using RaftLog.Broker.Cluster;
using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Handlers;

/// <summary>Finds the partitions that requests name, or the error that tells the client where it stands.</summary>
internal sealed class PartitionLookup(PartitionTable partitions, MetadataCache cache)
{
    /// <summary>
    /// By name: the partition when this node holds it, NOT_LEADER_OR_FOLLOWER when another node does, UNKNOWN_TOPIC_OR_PARTITION when
    /// nobody does.
    /// </summary>
    public (Partition? Partition, ErrorCode Error) ByName(string topic, int index)
    {
        if (partitions.Find(new TopicPartition(topic, index)) is { } held)
        {
            return (held, ErrorCode.None);
        }

        bool exists = cache.Image.Topics.TryGet(topic, out TopicImage? known) && known.Partitions.ContainsKey(index);
        return (null, exists ? ErrorCode.NotLeaderOrFollower : ErrorCode.UnknownTopicOrPartition);
    }

    /// <summary>By topic id; UNKNOWN_TOPIC_ID when no topic has it.</summary>
    public (Partition? Partition, ErrorCode Error) ById(Uuid topic, int index)
    {
        if (partitions.Find(new TopicIdPartition(topic, index)) is { } held)
        {
            return (held, ErrorCode.None);
        }

        if (!cache.Image.Topics.TryGet(topic, out TopicImage? known))
        {
            return (null, ErrorCode.UnknownTopicId);
        }

        return (null, known.Partitions.ContainsKey(index) ? ErrorCode.NotLeaderOrFollower : ErrorCode.UnknownTopicOrPartition);
    }

    /// <summary>The name of the topic with an id; null when there is none.</summary>
    public string? NameOf(Uuid topic) => cache.Image.Topics.TryGet(topic, out TopicImage? known) ? known.Name : null;

    /// <summary>
    /// Why a partition is no longer there whose topic was known by this name: INCONSISTENT_TOPIC_ID when this node holds one of another
    /// topic of that name, NOT_LEADER_OR_FOLLOWER when another node does, UNKNOWN_TOPIC_OR_PARTITION when the name is gone.
    /// </summary>
    public ErrorCode WhyGone(string name, int index)
    {
        (Partition? held, ErrorCode error) = ByName(name, index);
        return held is null ? error : ErrorCode.InconsistentTopicId;
    }

    /// <summary>What metadata says of a partition, for responses that send a client elsewhere (KIP-951).</summary>
    public PartitionRegistration? Registration(string topic, Uuid topicId, int index)
    {
        MetadataImage image = cache.Image;
        TopicImage? known;
        bool found = topicId == Uuid.Zero ? image.Topics.TryGet(topic, out known) : image.Topics.TryGet(topicId, out known);
        return found ? known!.Partitions.GetValueOrDefault(index) : null;
    }
}
