using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>A partition of one incarnation of a topic: a topic that is deleted and made anew has another id.</summary>
internal readonly record struct TopicIdPartition(Uuid TopicId, int Partition) : IComparable<TopicIdPartition>
{
    public int CompareTo(TopicIdPartition other) => (TopicId, Partition).CompareTo((other.TopicId, other.Partition));
}
