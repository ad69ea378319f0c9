using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer.Assignors;

/// <summary>
/// Gives every member about as many partitions as every other that could have them, and moves as few as that takes: a member keeps what
/// it has up to its share.
/// </summary>
internal static class UniformAssignor
{
    public const string Name = "uniform";

    public static Dictionary<string, List<TopicIdPartition>> Assign(
        IReadOnlyList<AssignmentMember> members,
        IReadOnlyList<AssignmentTopic> topics
    )
    {
        Loads loads = new(members);
        Dictionary<TopicIdPartition, AssignmentMember> kept = Keep(members, topics);
        foreach ((TopicIdPartition partition, AssignmentMember owner) in kept)
        {
            loads.Give(partition, owner);
        }

        // Topics with few subscribers first: those who can only have these partitions have not been filled up with others yet.
        List<(AssignmentTopic Topic, SubscriberQueue Subscribers)> scarcest =
        [
            .. topics
                .Select(topic => (Topic: topic, Subscribers: loads.SubscribersOf(topic)))
                .Where(each => each.Subscribers.Count > 0)
                .OrderBy(each => each.Subscribers.Count)
                .ThenBy(each => each.Topic.Id),
        ];
        foreach ((AssignmentTopic topic, SubscriberQueue subscribers) in scarcest)
        {
            for (int partition = 0; partition < topic.PartitionCount; partition++)
            {
                TopicIdPartition each = new(topic.Id, partition);
                if (!kept.ContainsKey(each))
                {
                    loads.Give(each, subscribers.Least(loads));
                }
            }
        }

        Balance(scarcest, loads);
        return loads.Assignment;
    }

    /// <summary>Who keeps what: the first of those whose target it was and who still subscribe to it.</summary>
    private static Dictionary<TopicIdPartition, AssignmentMember> Keep(
        IReadOnlyList<AssignmentMember> members,
        IReadOnlyList<AssignmentTopic> topics
    )
    {
        Dictionary<Uuid, int> counts = topics.ToDictionary(topic => topic.Id, topic => topic.PartitionCount);
        Dictionary<TopicIdPartition, AssignmentMember> kept = [];
        foreach (AssignmentMember member in members)
        {
            foreach (TopicIdPartition partition in member.Current)
            {
                if (member.Topics.Contains(partition.TopicId) && partition.Partition < counts.GetValueOrDefault(partition.TopicId))
                {
                    kept.TryAdd(partition, member);
                }
            }
        }

        return kept;
    }

    /// <summary>
    /// Moves partitions from members with more to subscribers with at least two fewer. Each move lowers the sum of the squares of the
    /// loads, so it ends.
    /// </summary>
    private static void Balance(List<(AssignmentTopic Topic, SubscriberQueue Subscribers)> topics, Loads loads)
    {
        for (bool moved = true; moved; )
        {
            moved = false;
            foreach ((AssignmentTopic topic, SubscriberQueue subscribers) in topics)
            {
                for (int partition = topic.PartitionCount - 1; partition >= 0; partition--)
                {
                    TopicIdPartition each = new(topic.Id, partition);
                    AssignmentMember least = subscribers.Least(loads);
                    if (loads.Of(loads.OwnerOf(each)) > loads.Of(least) + 1)
                    {
                        loads.Move(each, least);
                        moved = true;
                    }
                }
            }
        }
    }

    /// <summary>Who has what, and how much.</summary>
    private sealed class Loads(IReadOnlyList<AssignmentMember> members)
    {
        private readonly Dictionary<TopicIdPartition, AssignmentMember> _owners = [];
        private readonly Dictionary<string, SubscriberQueue> _queues = new(StringComparer.Ordinal);

        public Dictionary<string, List<TopicIdPartition>> Assignment { get; } =
            members.ToDictionary(member => member.MemberId, _ => new List<TopicIdPartition>(), StringComparer.Ordinal);

        public int Of(AssignmentMember member) => Assignment[member.MemberId].Count;

        public AssignmentMember OwnerOf(TopicIdPartition partition) => _owners[partition];

        /// <summary>The subscribers of a topic; topics with the same subscribers share one queue.</summary>
        public SubscriberQueue SubscribersOf(AssignmentTopic topic)
        {
            List<AssignmentMember> subscribers = [.. members.Where(member => member.Topics.Contains(topic.Id))];
            string signature = string.Join('\n', subscribers.Select(member => member.MemberId));
            if (!_queues.TryGetValue(signature, out SubscriberQueue? queue))
            {
                queue = new SubscriberQueue(subscribers, this);
                _queues.Add(signature, queue);
            }

            return queue;
        }

        public void Give(TopicIdPartition partition, AssignmentMember member)
        {
            Assignment[member.MemberId].Add(partition);
            _owners[partition] = member;
        }

        public void Move(TopicIdPartition partition, AssignmentMember to)
        {
            AssignmentMember from = _owners[partition];
            Assignment[from.MemberId].Remove(partition);
            Give(partition, to);
            foreach (SubscriberQueue queue in _queues.Values)
            {
                queue.HasLess(from, this);
            }
        }
    }

    /// <summary>The subscribers of some topics, the one with the least first; of equals the first member.</summary>
    private sealed class SubscriberQueue
    {
        private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
        private readonly PriorityQueue<AssignmentMember, (int Load, int Index)> _queue = new();

        public SubscriberQueue(List<AssignmentMember> subscribers, Loads loads)
        {
            foreach (AssignmentMember member in subscribers)
            {
                _queue.Enqueue(member, (loads.Of(member), _indexes.Count));
                _indexes.Add(member.MemberId, _indexes.Count);
            }
        }

        public int Count => _indexes.Count;

        public AssignmentMember Least(Loads loads)
        {
            while (true)
            {
                _queue.TryPeek(out AssignmentMember? member, out (int Load, int Index) priority);
                if (priority.Load == loads.Of(member!))
                {
                    return member!;
                }

                // Its load has changed since: it goes to where it belongs.
                _queue.Dequeue();
                _queue.Enqueue(member!, (loads.Of(member!), priority.Index));
            }
        }

        /// <summary>A member's load has fallen: its old place would hide it.</summary>
        public void HasLess(AssignmentMember member, Loads loads)
        {
            if (_indexes.TryGetValue(member.MemberId, out int index))
            {
                _queue.Enqueue(member, (loads.Of(member), index));
            }
        }
    }
}
