using System.Text.Json;
using RaftLog.Client.Groups.Assignors;
using RaftLog.Protocol;

namespace RaftLog.Client.Tests;

using Shares = SortedDictionary<string, List<TopicPartition>>;
using Topics = SortedDictionary<string, IReadOnlyList<IReadOnlyList<string>>>;

public class AssignorTests
{
    [Theory]
    [InlineData("range")]
    [InlineData("roundrobin")]
    public void Range_and_round_robin_give_what_the_Java_client_gives(string name)
    {
        int cases = 0;
        foreach ((Topics topics, List<GroupSubscription> members, Shares expected) in Cases(name))
        {
            Shares given = Find(name).Assign(topics, members);

            Assert.Equal(Text(expected), Text(given));
            cases++;
        }

        Assert.True(cases >= 50);
    }

    [Theory]
    [InlineData("sticky")]
    [InlineData("cooperative-sticky")]
    public void Sticky_ones_are_valid_and_as_even_as_the_Java_client(string name)
    {
        foreach ((Topics topics, List<GroupSubscription> members, Shares expected) in Cases(name))
        {
            Shares given = Find(name).Assign(topics, members);

            AssertValid(topics, members, given);
            Assert.Equal(expected.Values.Sum(each => each.Count), given.Values.Sum(each => each.Count));
            Assert.True(Unevenness(given) <= Unevenness(expected), $"{Text(given)}\nis less even than\n{Text(expected)}");
        }
    }

    [Fact]
    public void Whatever_the_group_sticky_assignments_are_valid_even_and_stay_when_nothing_changes()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random chance = new(seed);
            Topics topics = new(StringComparer.Ordinal);
            for (int i = 0; i < chance.Next(1, 6); i++)
            {
                topics.Add($"t{i}", [.. Enumerable.Range(0, chance.Next(1, 9)).Select(_ => (IReadOnlyList<string>)[])]);
            }

            List<GroupSubscription> members =
            [
                .. Enumerable
                    .Range(0, chance.Next(1, 8))
                    .Select(i => new GroupSubscription($"m{i}", null, [.. topics.Keys.Where(_ => chance.Next(3) > 0)], [], -1, null)),
            ];
            Shares first = PartitionAssignors.Sticky.Assign(topics, members);
            AssertValid(topics, members, first);

            List<GroupSubscription> again = [.. members.Select(each => each with { Owned = first[each.MemberId], Generation = 1 })];
            Assert.Equal(Text(first), Text(PartitionAssignors.Sticky.Assign(topics, again)));
            Assert.Equal(Text(first), Text(PartitionAssignors.CooperativeSticky.Assign(topics, again)));

            // One more member: what it gets must be given up first, and no partition has two owners in between.
            again.Add(new GroupSubscription("new", null, [.. topics.Keys], [], -1, null));
            Shares middle = PartitionAssignors.CooperativeSticky.Assign(topics, again);
            foreach ((string member, List<TopicPartition> partitions) in middle)
            {
                Assert.All(
                    partitions,
                    partition => Assert.DoesNotContain(first, other => other.Key != member && other.Value.Contains(partition))
                );
            }

            List<GroupSubscription> last = [.. again.Select(each => each with { Owned = middle[each.MemberId], Generation = 2 })];
            Shares end = PartitionAssignors.CooperativeSticky.Assign(topics, last);
            AssertValid(topics, last, end);
            Assert.Equal(
                Unevenness(PartitionAssignors.Sticky.Assign(topics, [.. again.Select(each => each with { Owned = [] })])),
                Unevenness(end)
            );
        }
    }

    [Fact]
    public void Of_two_that_claim_a_partition_the_younger_generation_is_right()
    {
        Topics topics = new(StringComparer.Ordinal)
        {
            ["t"] =
            [
                [],
                [],
            ],
        };
        List<GroupSubscription> members =
        [
            new("a", null, ["t"], [new("t", 0)], 3, null),
            new("b", null, ["t"], [new("t", 0), new("t", 1)], 2, null),
        ];

        Shares given = PartitionAssignors.CooperativeSticky.Assign(topics, members);

        Assert.Equal("a: t-0; b: t-1", Text(given));
    }

    private static IPartitionAssignor Find(string name) =>
        name switch
        {
            "range" => PartitionAssignors.Range,
            "roundrobin" => PartitionAssignors.RoundRobin,
            "sticky" => PartitionAssignors.Sticky,
            _ => PartitionAssignors.CooperativeSticky,
        };

    private static void AssertValid(Topics topics, List<GroupSubscription> members, Shares given)
    {
        List<TopicPartition> all = [.. given.Values.SelectMany(each => each)];
        Assert.Equal(all.Count, all.Distinct().Count());
        foreach (GroupSubscription member in members)
        {
            Assert.All(given[member.MemberId], partition => Assert.Contains(partition.Topic, member.Topics));
        }

        IEnumerable<TopicPartition> wanted = topics
            .Where(topic => members.Exists(member => member.Topics.Contains(topic.Key)))
            .SelectMany(topic => Enumerable.Range(0, topic.Value.Count).Select(i => new TopicPartition(topic.Key, i)));
        Assert.Equal(wanted.Order(), all.Order());
    }

    private static int Unevenness(Shares shares) => shares.Values.Sum(each => each.Count * each.Count);

    private static string Text(Shares shares) =>
        string.Join("; ", shares.Select(each => $"{each.Key}: {string.Join(' ', each.Value.Order())}"));

    private static IEnumerable<(Topics Topics, List<GroupSubscription> Members, Shares Expected)> Cases(string name)
    {
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", $"assignor-{name}.jsonl")))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            Topics topics = new(StringComparer.Ordinal);
            foreach (JsonProperty topic in row.GetProperty("topics").EnumerateObject())
            {
                topics.Add(
                    topic.Name,
                    [
                        .. topic
                            .Value.EnumerateArray()
                            .Select(racks => (IReadOnlyList<string>)[.. racks.EnumerateArray().Select(rack => rack.GetString()!)]),
                    ]
                );
            }

            List<GroupSubscription> members = [];
            foreach (JsonProperty member in row.GetProperty("members").EnumerateObject())
            {
                members.Add(
                    new GroupSubscription(
                        member.Name,
                        member.Value.TryGetProperty("instance", out JsonElement instance) ? instance.GetString() : null,
                        [.. member.Value.GetProperty("topics").EnumerateArray().Select(topic => topic.GetString()!)],
                        [],
                        -1,
                        member.Value.TryGetProperty("rack", out JsonElement rack) ? rack.GetString() : null
                    )
                );
            }

            Shares expected = new(StringComparer.Ordinal);
            foreach (JsonProperty member in row.GetProperty("assignment").EnumerateObject())
            {
                expected.Add(member.Name, [.. member.Value.EnumerateArray().Select(each => Parse(each.GetString()!))]);
            }

            yield return (topics, members, expected);
        }
    }

    private static TopicPartition Parse(string text)
    {
        int dash = text.LastIndexOf('-');
        return new TopicPartition(text[..dash], int.Parse(text[(dash + 1)..]));
    }
}
