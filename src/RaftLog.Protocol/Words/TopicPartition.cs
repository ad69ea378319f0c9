namespace RaftLog.Protocol;

/// <summary>One partition of a topic, by the topic's name.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition's index, from 0.</param>
public readonly record struct TopicPartition(string Topic, int Partition) : IComparable<TopicPartition>
{
    /// <summary>Orders by name in ordinal order, then by index.</summary>
    public int CompareTo(TopicPartition other)
    {
        int byTopic = string.CompareOrdinal(Topic, other.Topic);
        return byTopic != 0 ? byTopic : Partition.CompareTo(other.Partition);
    }

    /// <summary>The directory name of the partition's log: <c>topic-partition</c>.</summary>
    public override string ToString() => $"{Topic}-{Partition}";
}
