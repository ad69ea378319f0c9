using RaftLog.Protocol;

namespace RaftLog.Client.Groups.Assignors;

/// <summary>
/// Of each topic a range of neighbouring partitions to each member. Where racks are known on both sides, members get partitions with a
/// replica in their rack first, as far as that leaves the numbers even; topics with the same members and as many partitions are shared out
/// alike (KIP-881).
/// </summary>
internal sealed class RangeAssignor : IPartitionAssignor
{
    public string Name => "range";

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

        List<TopicShare> shares = [];
        foreach (string topic in topics.Keys.Order(StringComparer.Ordinal))
        {
            List<GroupSubscription> wanting = [.. members.Where(member => member.Topics.Contains(topic)).Order()];
            if (wanting.Count > 0 && topics[topic].Count > 0)
            {
                shares.Add(new TopicShare(topic, topics[topic], wanting));
            }
        }

        if (shares.Exists(share => share.NeedsRacks))
        {
            foreach (
                IGrouping<(string Members, int Partitions), TopicShare> alike in shares.GroupBy(share =>
                    (share.MemberIds, share.Partitions)
                )
            )
            {
                MatchRacks([.. alike]);
            }
        }

        foreach (TopicShare share in shares)
        {
            share.AssignRanges(static (_, _) => true);
            share.AppendTo(assignment);
        }

        return assignment;
    }

    private static void MatchRacks(List<TopicShare> alike)
    {
        if (alike.Count == 1)
        {
            if (alike[0].NeedsRacks)
            {
                alike[0].AssignRanges(alike[0].RacksMatch);
            }

            return;
        }

        // The same partition of every one of the topics goes to the same member.
        for (int partition = 0; partition < alike[0].Partitions; partition++)
        {
            int at = partition;
            int member = Enumerable
                .Range(0, alike[0].Members)
                .FirstOrDefault(m => alike.TrueForAll(share => share.RacksMatch(m, at) && share.Room(m) > 0), -1);
            if (member >= 0)
            {
                alike.ForEach(share => share.Give(member, at));
            }
        }
    }

    /// <summary>How one topic is shared.</summary>
    private sealed class TopicShare
    {
        private readonly string _topic;
        private readonly IReadOnlyList<IReadOnlyList<string>> _racks;
        private readonly List<GroupSubscription> _members;
        private readonly List<TopicPartition>[] _given;
        private readonly SortedSet<int> _left;
        private readonly int _each;
        private int _extras;

        public TopicShare(string topic, IReadOnlyList<IReadOnlyList<string>> racks, List<GroupSubscription> members)
        {
            _topic = topic;
            _racks = racks;
            _members = members;
            _given = [.. members.Select(_ => new List<TopicPartition>())];
            _left = [.. Enumerable.Range(0, racks.Count)];
            _each = racks.Count / members.Count;
            _extras = racks.Count % members.Count;
            MemberIds = string.Join('\n', members.Select(member => member.MemberId));

            HashSet<string> known = [.. racks.SelectMany(each => each)];
            bool hasMemberRacks = members.Exists(member => member.Rack is { } rack && known.Contains(rack));
            bool isEverywhere = racks.All(each => known.SetEquals(each));
            NeedsRacks = hasMemberRacks && !isEverywhere;
        }

        public string MemberIds { get; }

        public int Partitions => _racks.Count;

        public int Members => _members.Count;

        /// <summary>True when racks tell partitions apart: not every rack has a replica of each.</summary>
        public bool NeedsRacks { get; }

        public bool RacksMatch(int member, int partition) =>
            !NeedsRacks || (_members[member].Rack is { } rack && _racks[partition].Contains(rack));

        public int Room(int member) => Math.Max(0, _each + (_extras > 0 ? 1 : 0) - _given[member].Count);

        public void Give(int member, int partition)
        {
            _given[member].Add(new TopicPartition(_topic, partition));
            _left.Remove(partition);
            if (_given[member].Count == _each + 1)
            {
                _extras--;
            }
        }

        public void AssignRanges(Func<int, int, bool> mayHave)
        {
            for (int member = 0; member < _members.Count && _left.Count > 0; member++)
            {
                int at = member;
                List<int> range = [.. _left.Where(partition => mayHave(at, partition)).Take(Room(member))];
                range.ForEach(partition => Give(at, partition));
            }
        }

        public void AppendTo(SortedDictionary<string, List<TopicPartition>> assignment)
        {
            for (int member = 0; member < _members.Count; member++)
            {
                assignment[_members[member].MemberId].AddRange(_given[member].Order());
            }
        }
    }
}
