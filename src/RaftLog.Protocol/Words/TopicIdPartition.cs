namespace RaftLog.Protocol;

/// <summary>One partition of a topic, by the topic's id: a topic that is deleted and created again is another topic (KIP-516).</summary>
/// <param name="TopicId">The topic's id.</param>
/// <param name="Partition">The partition's index, from 0.</param>
public readonly record struct TopicIdPartition(Uuid TopicId, int Partition)
{
    /// <inheritdoc />
    public override string ToString() => $"{TopicId}-{Partition}";
}
