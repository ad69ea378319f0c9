using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Committing, reading and deleting the positions of groups.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class OffsetTests(BothNodes nodes)
{
    private const string Topic = "committed";

    [KafkaFact]
    public async Task Commits_are_Kafkas()
    {
        ClassicMember member = new("commit");
        await Topics.CreateAsync(nodes, Topic, 3);
        await member.SettleAsync(nodes);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, "commit-outside");
            await Coordinators.UntilKnownAsync(peer, "commit-nothing");
        }

        await Script.CompareAsync(
            nodes,
            "OffsetCommit",
            [
                Case.Of("from outside", p => p.AskAsync(Commit("commit-outside", 0, 5), 9)),
                Case.Of("from outside of a group with members", p => p.AskAsync(Commit("commit", 0, 5), 9)),
                Case.Of("by a member", p => p.AskAsync(By(member, p, Commit("commit", 0, 5)), 9)),
                Case.Of(
                    "of an older generation",
                    p => p.AskAsync(By(member, p, Commit("commit", 0, 5), r => r.GenerationIdOrMemberEpoch--), 9)
                ),
                Case.Of("of nobody", p => p.AskAsync(By(member, p, Commit("commit", 0, 5), r => r.MemberId = "nobody"), 9)),
                Case.Of("of a static member", p => p.AskAsync(By(member, p, Commit("commit", 0, 5), r => r.GroupInstanceId = "static"), 9)),
                Case.Of(
                    "in a generation of an unknown group",
                    p => p.AskAsync(Commit("commit-nothing", 0, 5, r => r.GenerationIdOrMemberEpoch = 3), 9)
                ),
                Case.Of("an empty group", p => p.AskAsync(Commit("", 0, 5), 9)),
                Case.Of("an unknown partition", p => p.AskAsync(Commit("commit-outside", 9, 5), 9)),
                Case.Of("an unknown topic", p => p.AskAsync(Commit("commit-outside", 0, 5, r => r.Topics[0].Name = "nothing"), 9)),
                Case.Of(
                    "metadata too long",
                    p =>
                        p.AskAsync(
                            Commit("commit-outside", 0, 5, r => r.Topics[0].Partitions[0].CommittedMetadata = new string('a', 4097)),
                            9
                        )
                ),
                Case.Of(
                    "no metadata",
                    p => p.AskAsync(Commit("commit-outside", 1, 5, r => r.Topics[0].Partitions[0].CommittedMetadata = null), 9)
                ),
                Case.Of("a negative offset", p => p.AskAsync(Commit("commit-outside", 2, -5), 9)),
                Case.Of("nothing", p => p.AskAsync(Commit("commit-outside", 0, 5, r => r.Topics = []), 9)),
                Case.Of("oldest version", p => p.AskVersionAsync(Commit("commit-outside", 0, 6), 2)),
                Case.Of(
                    "by topic id",
                    async p => await p.AskVersionAsync(Named(Commit("commit-outside", 0, 7), await p.TopicIdAsync(Topic)), 10)
                ),
                Case.Of("an unknown topic id", p => p.AskVersionAsync(Named(Commit("commit-outside", 0, 7), new Uuid(1, 2)), 10)),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "OffsetFetch",
            [
                Case.Of("one group", p => p.AskAsync(Fetch("commit-outside"), 9)),
                Case.Of("all of a group", p => p.AskAsync(Fetch("commit-outside", r => r.Groups[0].Topics = null), 9)),
                Case.Of(
                    "two groups",
                    p => p.AskAsync(Fetch("commit-outside", r => r.Groups.Add(new() { GroupId = "commit", Topics = null })), 9)
                ),
                Case.Of("an unknown group", p => p.AskAsync(Fetch("commit-nothing"), 9)),
                Case.Of("all of an unknown group", p => p.AskAsync(Fetch("commit-nothing", r => r.Groups[0].Topics = null), 9)),
                Case.Of("an empty group", p => p.AskAsync(Fetch(""), 9)),
                Case.Of("an unknown topic", p => p.AskAsync(Fetch("commit-outside", r => r.Groups[0].Topics![0].Name = "nothing"), 9)),
                Case.Of("stable", p => p.AskAsync(Fetch("commit-outside", r => r.RequireStable = true), 9)),
                Case.Of(
                    "as a member of a classic group",
                    p => p.AskAsync(Fetch("commit", r => (r.Groups[0].MemberId, r.Groups[0].MemberEpoch) = ("nobody", 3)), 9)
                ),
                Case.Of("no partitions", p => p.AskAsync(Fetch("commit-outside", r => r.Groups[0].Topics![0].PartitionIndexes = []), 9)),
                Case.Of("no groups", p => p.AskAsync(Fetch("commit-outside", r => r.Groups = []), 9)),
                Case.Of("version 7", p => p.AskVersionAsync(FetchOne("commit-outside"), 7)),
                Case.Of("version 1", p => p.AskVersionAsync(FetchOne("commit-outside"), 1)),
                Case.Of("version 2, all", p => p.AskVersionAsync(new OffsetFetchRequest { GroupId = "commit-outside", Topics = null }, 2)),
                Case.Of("by topic id", async p => await p.AskVersionAsync(Named(Fetch("commit-outside"), await p.TopicIdAsync(Topic)), 10)),
                Case.Of("an unknown topic id", p => p.AskVersionAsync(Named(Fetch("commit-outside"), new Uuid(1, 2)), 10)),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "OffsetDelete",
            [
                Case.Of("of a group without members", p => p.AskAsync(Delete("commit-outside", Topic, 1))),
                Case.Of("again", p => p.AskAsync(Delete("commit-outside", Topic, 1))),
                Case.Of("of a group with members", p => p.AskAsync(Delete("commit", Topic, 0))),
                Case.Of("of an unknown group", p => p.AskAsync(Delete("commit-nothing", Topic, 0))),
                Case.Of("of an empty group", p => p.AskAsync(Delete("", Topic, 0))),
                Case.Of("of an unknown topic", p => p.AskAsync(Delete("commit-outside", "nothing", 0))),
                Case.Of("of an unknown partition", p => p.AskAsync(Delete("commit-outside", Topic, 9))),
                Case.Of("nothing", p => p.AskAsync(new OffsetDeleteRequest { GroupId = "commit-outside" })),
                Case.Of("what is left", p => p.AskAsync(Fetch("commit-outside", r => r.Groups[0].Topics = null), 9)),
            ]
        );
    }

    private static OffsetCommitRequest Commit(string group, int partition, long offset, Action<OffsetCommitRequest>? change = null)
    {
        OffsetCommitRequest request = new()
        {
            GroupId = group,
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = partition,
                            CommittedOffset = new(offset),
                            CommittedMetadata = "meta",
                        },
                    ],
                },
            ],
        };
        change?.Invoke(request);
        return request;
    }

    private static OffsetCommitRequest By(
        ClassicMember member,
        Peer peer,
        OffsetCommitRequest request,
        Action<OffsetCommitRequest>? change = null
    )
    {
        (request.MemberId, request.GenerationIdOrMemberEpoch) = (member.IdOf(peer), member.GenerationOf(peer));
        change?.Invoke(request);
        return request;
    }

    private static OffsetCommitRequest Named(OffsetCommitRequest request, Uuid topic)
    {
        (request.Topics[0].Name, request.Topics[0].TopicId) = ("", topic);
        return request;
    }

    private static OffsetFetchRequest Named(OffsetFetchRequest request, Uuid topic)
    {
        (request.Groups[0].Topics![0].Name, request.Groups[0].Topics![0].TopicId) = ("", topic);
        return request;
    }

    private static OffsetFetchRequest Fetch(string group, Action<OffsetFetchRequest>? change = null)
    {
        OffsetFetchRequest request = new()
        {
            Groups = [new() { GroupId = group, Topics = [new() { Name = Topic, PartitionIndexes = [0, 1, 2, 9] }] }],
        };
        change?.Invoke(request);
        return request;
    }

    private static OffsetFetchRequest FetchOne(string group) =>
        new() { GroupId = group, Topics = [new() { Name = Topic, PartitionIndexes = [0, 1, 9] }] };

    private static OffsetDeleteRequest Delete(string group, string topic, int partition) =>
        new() { GroupId = group, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition }] }] };
}
