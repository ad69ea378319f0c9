using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>Sets of partitions as sorted lists.</summary>
internal static class PartitionSets
{
    public static int Compare(TopicIdPartition left, TopicIdPartition right)
    {
        int byTopic = left.TopicId.CompareTo(right.TopicId);
        return byTopic != 0 ? byTopic : left.Partition.CompareTo(right.Partition);
    }

    public static int CompareOwned(OwnedPartition left, OwnedPartition right) => Compare(left.Partition, right.Partition);

    /// <summary>The partitions of a sorted list, topic by topic.</summary>
    public static IEnumerable<(Uuid TopicId, List<int> Partitions)> ByTopic(IEnumerable<TopicIdPartition> sorted)
    {
        Uuid topicId = Uuid.Zero;
        List<int>? partitions = null;
        foreach (TopicIdPartition each in sorted)
        {
            if (partitions is not null && topicId != each.TopicId)
            {
                yield return (topicId, partitions);
                partitions = null;
            }

            topicId = each.TopicId;
            partitions ??= [];
            partitions.Add(each.Partition);
        }

        if (partitions is not null)
        {
            yield return (topicId, partitions);
        }
    }
}
