using RaftLog.Protocol;

namespace RaftLog.Client.Groups.Assignors;

/// <summary>
/// As even as the subscriptions allow, and of all such assignments one that moves little: members keep what they own, what is free goes to
/// whoever has least, and then single partitions move along the shortest chains of members from those that have two more to those that have
/// two fewer, until there is no such chain. That is the most even assignment there is.
/// </summary>
internal sealed class StickyAssignor(string name, bool isCooperative) : IPartitionAssignor
{
    public string Name => name;

    public bool IsCooperative => isCooperative;

    public SortedDictionary<string, List<TopicPartition>> Assign(
        IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> topics,
        IReadOnlyList<GroupSubscription> members
    )
    {
        List<GroupSubscription> ordered = [.. members.Order()];
        SortedDictionary<TopicPartition, int> owners = OwnersOf(topics, ordered);
        Sharing sharing = new(ordered, topics);
        foreach ((TopicPartition partition, int owner) in owners)
        {
            sharing.Give(partition, owner);
        }

        foreach (string topic in topics.Keys.Order(StringComparer.Ordinal))
        {
            for (int i = 0; i < topics[topic].Count; i++)
            {
                if (!owners.ContainsKey(new TopicPartition(topic, i)))
                {
                    sharing.GiveToLeast(new TopicPartition(topic, i));
                }
            }
        }

        while (sharing.TryEven()) { }

        SortedDictionary<string, List<TopicPartition>> assignment = new(StringComparer.Ordinal);
        for (int member = 0; member < ordered.Count; member++)
        {
            int at = member;

            // What another owns still must be given up first: it comes with the rebalance that follows.
            assignment.Add(
                ordered[member].MemberId,
                [.. sharing.Of(member).Where(partition => !isCooperative || !owners.TryGetValue(partition, out int owner) || owner == at)]
            );
        }

        return assignment;
    }

    /// <summary>
    /// Who owns what, as far as it is still there and wanted. Of several who claim a partition the one of the youngest generation is right;
    /// of equals none.
    /// </summary>
    private static SortedDictionary<TopicPartition, int> OwnersOf(
        IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> topics,
        List<GroupSubscription> members
    )
    {
        SortedDictionary<TopicPartition, int> owners = [];
        SortedDictionary<TopicPartition, int> generations = [];
        for (int member = 0; member < members.Count; member++)
        {
            GroupSubscription each = members[member];
            foreach (TopicPartition partition in each.Owned)
            {
                if (
                    !topics.TryGetValue(partition.Topic, out var partitions)
                    || partition.Partition >= partitions.Count
                    || !each.Topics.Contains(partition.Topic)
                )
                {
                    continue;
                }

                int known = generations.GetValueOrDefault(partition, int.MinValue);
                if (each.Generation > known)
                {
                    owners[partition] = member;
                    generations[partition] = each.Generation;
                }
                else if (each.Generation == known && owners.GetValueOrDefault(partition, -1) != member)
                {
                    owners.Remove(partition);
                }
            }
        }

        return owners;
    }

    private sealed class Sharing
    {
        private readonly List<GroupSubscription> _members;
        private readonly Dictionary<string, List<int>> _wanting = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, SortedSet<TopicPartition>>[] _given;
        private readonly int[] _counts;

        public Sharing(List<GroupSubscription> members, IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> topics)
        {
            _members = members;
            _counts = new int[members.Count];
            _given = [.. members.Select(_ => new SortedDictionary<string, SortedSet<TopicPartition>>(StringComparer.Ordinal))];
            foreach (string topic in topics.Keys)
            {
                _wanting.Add(topic, [.. Enumerable.Range(0, members.Count).Where(member => members[member].Topics.Contains(topic))]);
            }
        }

        public IEnumerable<TopicPartition> Of(int member) => _given[member].Values.SelectMany(each => each);

        public void Give(TopicPartition partition, int member)
        {
            if (!_given[member].TryGetValue(partition.Topic, out SortedSet<TopicPartition>? set))
            {
                _given[member].Add(partition.Topic, set = []);
            }

            set.Add(partition);
            _counts[member]++;
        }

        public void GiveToLeast(TopicPartition partition)
        {
            List<int> wanting = _wanting[partition.Topic];
            if (wanting.Count > 0)
            {
                Give(partition, wanting.MinBy(member => _counts[member]));
            }
        }

        /// <summary>
        /// Moves one partition along each step of a shortest chain from a full member to one with at least two fewer; false when there is
        /// none.
        /// </summary>
        public bool TryEven()
        {
            foreach (int full in Enumerable.Range(0, _members.Count).OrderByDescending(member => _counts[member]))
            {
                if (TryRelieve(full))
                {
                    return true;
                }
            }

            return false;
        }

        private bool TryRelieve(int full)
        {
            int[] from = new int[_members.Count];
            string[] by = new string[_members.Count];
            Array.Fill(from, -1);
            from[full] = full;
            Queue<int> reached = new([full]);
            while (reached.TryDequeue(out int giver))
            {
                foreach ((string topic, SortedSet<TopicPartition> partitions) in _given[giver])
                {
                    if (partitions.Count == 0)
                    {
                        continue;
                    }

                    foreach (int taker in _wanting[topic])
                    {
                        if (from[taker] >= 0)
                        {
                            continue;
                        }

                        (from[taker], by[taker]) = (giver, topic);
                        if (_counts[taker] <= _counts[full] - 2)
                        {
                            MoveAlong(full, taker, from, by);
                            return true;
                        }

                        reached.Enqueue(taker);
                    }
                }
            }

            return false;
        }

        private void MoveAlong(int full, int last, int[] from, string[] by)
        {
            for (int taker = last; taker != full; taker = from[taker])
            {
                TopicPartition moved = _given[from[taker]][by[taker]].Max;
                _given[from[taker]][by[taker]].Remove(moved);
                _counts[from[taker]]--;
                Give(moved, taker);
            }
        }
    }
}
