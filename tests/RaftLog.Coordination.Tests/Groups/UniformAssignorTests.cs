using FsCheck;
using FsCheck.Fluent;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Groups.Consumer.Assignors;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.Groups;

public sealed class UniformAssignorTests
{
    [Property]
    public Property Every_partition_with_a_subscriber_goes_to_one_and_nobody_who_could_have_it_has_two_fewer() =>
        ForAllGroups(
            (members, topics) =>
            {
                Dictionary<string, List<TopicIdPartition>> assignment = UniformAssignor.Assign(members, topics);
                Dictionary<TopicIdPartition, string> owners = assignment
                    .SelectMany(each => each.Value.Select(partition => (partition, each.Key)))
                    .ToDictionary(each => each.partition, each => each.Key);
                foreach (AssignmentTopic topic in topics)
                {
                    List<AssignmentMember> subscribers = [.. members.Where(member => member.Topics.Contains(topic.Id))];
                    for (int partition = 0; partition < topic.PartitionCount; partition++)
                    {
                        bool isOwned = owners.TryGetValue(new TopicIdPartition(topic.Id, partition), out string? owner);
                        Assert.Equal(subscribers.Count > 0, isOwned);
                        if (isOwned)
                        {
                            Assert.Contains(subscribers, member => member.MemberId == owner);
                            Assert.All(
                                subscribers,
                                member => Assert.True(assignment[member.MemberId].Count >= assignment[owner!].Count - 1)
                            );
                        }
                    }
                }
            }
        );

    [Property]
    public Property A_balanced_assignment_stays_as_it_is() =>
        ForAllGroups(
            (members, topics) =>
            {
                Dictionary<string, List<TopicIdPartition>> first = UniformAssignor.Assign(members, topics);
                List<AssignmentMember> again = [.. members.Select(member => member with { Current = Sorted(first[member.MemberId]) })];
                Dictionary<string, List<TopicIdPartition>> second = UniformAssignor.Assign(again, topics);
                Assert.All(members, member => Assert.Equal(Sorted(first[member.MemberId]), Sorted(second[member.MemberId])));
            }
        );

    [Fact]
    public void A_joiner_takes_only_its_share_from_members_with_one_subscription()
    {
        AssignmentTopic topic = new(new Uuid(0, 1), 100);
        List<AssignmentMember> members = [.. Enumerable.Range(0, 4).Select(i => Member(i, [topic.Id], []))];
        Dictionary<string, List<TopicIdPartition>> before = UniformAssignor.Assign(members, [topic]);
        List<AssignmentMember> more =
        [
            .. members.Select(member => member with { Current = Sorted(before[member.MemberId]) }),
            Member(4, [topic.Id], []),
        ];
        Dictionary<string, List<TopicIdPartition>> after = UniformAssignor.Assign(more, [topic]);
        Assert.All(after.Values, each => Assert.Equal(20, each.Count));
        Assert.All(members, member => Assert.Subset(before[member.MemberId].ToHashSet(), after[member.MemberId].ToHashSet()));
    }

    private static Property ForAllGroups(Action<List<AssignmentMember>, List<AssignmentTopic>> check)
    {
        Gen<(List<AssignmentMember>, List<AssignmentTopic>)> groups =
            from sizes in Gen.Choose(1, 7).ListOf(4)
            from memberCount in Gen.Choose(1, 6)
            from subscriptions in Gen.Choose(0, 15).ListOf(memberCount)
            from owners in Gen.Choose(-1, memberCount - 1).ListOf(28)
            select Build([.. sizes], [.. subscriptions], [.. owners]);
        return Prop.ForAll(groups.ToArbitrary(), each => check(each.Item1, each.Item2));
    }

    private static (List<AssignmentMember>, List<AssignmentTopic>) Build(List<int> sizes, List<int> subscriptions, List<int> owners)
    {
        List<AssignmentTopic> topics = [.. sizes.Select((size, index) => new AssignmentTopic(new Uuid(0, (ulong)index + 1), size))];
        List<TopicIdPartition>[] current = [.. subscriptions.Select(_ => new List<TopicIdPartition>())];
        for (int topic = 0; topic < topics.Count; topic++)
        {
            for (int partition = 0; partition < topics[topic].PartitionCount; partition++)
            {
                if (owners[(topic * 7) + partition] is >= 0 and int owner)
                {
                    current[owner].Add(new TopicIdPartition(topics[topic].Id, partition));
                }
            }
        }

        return (
            [
                .. subscriptions.Select(
                    (mask, index) =>
                        Member(index, topics.Where((_, topic) => (mask >> topic & 1) == 1).Select(topic => topic.Id), current[index])
                ),
            ],
            topics
        );
    }

    private static AssignmentMember Member(int index, IEnumerable<Uuid> topics, List<TopicIdPartition> current) =>
        new($"m{index}", null, topics.ToHashSet(), current);

    private static List<TopicIdPartition> Sorted(List<TopicIdPartition> partitions)
    {
        List<TopicIdPartition> sorted = [.. partitions];
        sorted.Sort(PartitionSets.Compare);
        return sorted;
    }
}
