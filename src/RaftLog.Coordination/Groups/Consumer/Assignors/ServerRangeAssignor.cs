using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer.Assignors;

/// <summary>
/// Gives the members of each topic contiguous ranges in the order of the members, so that members get the same partitions of topics of
/// one size: what has to be read together comes together.
/// </summary>
internal static class ServerRangeAssignor
{
    public const string Name = "range";

    public static Dictionary<string, List<TopicIdPartition>> Assign(
        IReadOnlyList<AssignmentMember> members,
        IReadOnlyList<AssignmentTopic> topics
    )
    {
        Dictionary<string, List<TopicIdPartition>> assignment = members.ToDictionary(
            member => member.MemberId,
            _ => new List<TopicIdPartition>(),
            StringComparer.Ordinal
        );
        List<AssignmentMember> ordered =
        [
            .. members
                .OrderBy(member => member.InstanceId is null)
                .ThenBy(member => member.InstanceId ?? member.MemberId, StringComparer.Ordinal)
                .ThenBy(member => member.MemberId, StringComparer.Ordinal),
        ];
        foreach (AssignmentTopic topic in topics)
        {
            List<AssignmentMember> subscribers = [.. ordered.Where(member => member.Topics.Contains(topic.Id))];
            int next = 0;
            for (int i = 0; i < subscribers.Count; i++)
            {
                int count = (topic.PartitionCount / subscribers.Count) + (i < topic.PartitionCount % subscribers.Count ? 1 : 0);
                for (int end = next + count; next < end; next++)
                {
                    assignment[subscribers[i].MemberId].Add(new TopicIdPartition(topic.Id, next));
                }
            }
        }

        return assignment;
    }
}
