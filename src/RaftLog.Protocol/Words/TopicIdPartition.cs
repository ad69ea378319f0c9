namespace RaftLog.Protocol;

/// <summary>One partition of a topic, by the topic's id: a topic that is deleted and created again is another topic (KIP-516).</summary>
/// <param name="TopicId">The topic's id.</param>
/// <param name="Partition">The partition's index, from 0.</param>
public readonly record struct TopicIdPartition(Uuid TopicId, int Partition) : IComparable<TopicIdPartition>
{
    /// <summary>By topic id, then by partition.</summary>
    public int CompareTo(TopicIdPartition other) => (TopicId, Partition).CompareTo((other.TopicId, other.Partition));

    /// <inheritdoc />
    public override string ToString() => $"{TopicId}-{Partition}";
}
