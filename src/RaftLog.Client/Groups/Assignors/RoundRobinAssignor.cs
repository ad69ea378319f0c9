using RaftLog.Protocol;

namespace RaftLog.Client.Groups.Assignors;

/// <summary>Deals partitions, in order, to members, in order; a member that does not want a topic is passed over.</summary>
internal sealed class RoundRobinAssignor : IPartitionAssignor
{
    public string Name => "roundrobin";

    public bool IsCooperative => false;

    public SortedDictionary<string, List<TopicPartition>> Assign(
        IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> topics,
        IReadOnlyList<GroupSubscription> members
    )
    {
        SortedDictionary<string, List<TopicPartition>> assignment = new(StringComparer.Ordinal);
        foreach (GroupSubscription member in members)
        {
            assignment.Add(member.MemberId, []);
        }

        List<GroupSubscription> ring = [.. members.Order()];
        int next = 0;
        foreach (string topic in topics.Keys.Order(StringComparer.Ordinal))
        {
            if (!ring.Exists(member => member.Topics.Contains(topic)))
            {
                continue;
            }

            for (int partition = 0; partition < topics[topic].Count; partition++)
            {
                while (!ring[next].Topics.Contains(topic))
                {
                    next = (next + 1) % ring.Count;
                }

                assignment[ring[next].MemberId].Add(new TopicPartition(topic, partition));
                next = (next + 1) % ring.Count;
            }
        }

        return assignment;
    }
}
