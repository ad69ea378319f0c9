using RaftLog.Coordination.Groups.Consumer.Assignors;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>Computes what each member of a consumer group shall own.</summary>
internal static class TargetAssignment
{
    /// <summary>
    /// The assignor that most members prefer; of equals the first in the configuration, whose first one is also the default.
    /// </summary>
    public static string SelectAssignor(IEnumerable<ConsumerMember> members, ConsumerGroupSettings settings)
    {
        Dictionary<string, int> votes = new(StringComparer.Ordinal);
        foreach (ConsumerMember member in members)
        {
            if (member.ServerAssignor is { } preferred)
            {
                votes[preferred] = votes.GetValueOrDefault(preferred) + 1;
            }
        }

        return settings.Assignors.MaxBy(name => votes.GetValueOrDefault(name)) ?? UniformAssignor.Name;
    }

    /// <summary>The target of every member, sorted.</summary>
    /// <param name="assignor">The assignor's name.</param>
    /// <param name="members">The members, each with the topics it subscribes to.</param>
    /// <param name="group">The group, whose present target is kept as far as possible.</param>
    /// <param name="topics">The cluster's topics.</param>
    public static Dictionary<string, List<TopicIdPartition>> Compute(
        string assignor,
        IEnumerable<(ConsumerMember Member, IEnumerable<string> Topics)> members,
        ConsumerGroup group,
        ITopicsView topics
    )
    {
        Dictionary<Uuid, AssignmentTopic> known = [];
        List<AssignmentMember> subscribers = [];
        foreach ((ConsumerMember member, IEnumerable<string> names) in members.OrderBy(each => each.Member.Id, StringComparer.Ordinal))
        {
            HashSet<Uuid> ids = [];
            foreach (string name in names)
            {
                if (topics.TryFind(name, out TopicFacts? topic))
                {
                    known[topic.Id] = new AssignmentTopic(topic.Id, topic.PartitionCount);
                    ids.Add(topic.Id);
                }
            }

            subscribers.Add(new AssignmentMember(member.Id, member.InstanceId, ids, group.TargetOf(member.Id)));
        }

        List<AssignmentTopic> ordered = [.. known.Values.OrderBy(topic => topic.Id)];
        Dictionary<string, List<TopicIdPartition>> target =
            assignor == ServerRangeAssignor.Name
                ? ServerRangeAssignor.Assign(subscribers, ordered)
                : UniformAssignor.Assign(subscribers, ordered);
        foreach (List<TopicIdPartition> partitions in target.Values)
        {
            partitions.Sort(PartitionSets.Compare);
        }

        return target;
    }
}
