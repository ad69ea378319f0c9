using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>A partition of one incarnation of a topic: a topic that is deleted and made anew has another id.</summary>
internal readonly record struct AssignedPartition(Uuid TopicId, int Partition) : IComparable<AssignedPartition>
{
    public int CompareTo(AssignedPartition other) => (TopicId, Partition).CompareTo((other.TopicId, other.Partition));
}
