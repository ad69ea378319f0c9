using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Describing, listing and deleting groups.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class GroupAdministrationTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation ids = Normalisation.Usual.AndByPresence("MemberId", "ClientId", "ClientHost");
        ClassicMember member = new("describe");
        ClassicMember joining = new("describe-joining");
        ClassicMember gone = new("describe-gone");
        await Topics.CreateAsync(nodes, "described");
        await member.SettleAsync(nodes);
        await gone.SettleAsync(nodes);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, joining.Group);
            await Coordinators.UntilKnownAsync(peer, "describe-offsets");
            await Coordinators.UntilKnownAsync(peer, "describe-nothing");
            await joining.JoinAnewAsync(peer);
            await gone.LeaveAsync(peer);
            await peer.AskAsync(Offsets("describe-offsets"), 9);
        }

        await Script.CompareAsync(
            nodes,
            "DescribeGroups",
            [
                Case.Of("a stable group", ids, p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe"] })),
                Case.Of(
                    "a group that waits for its assignment",
                    ids,
                    p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe-joining"] })
                ),
                Case.Of("an empty group", ids, p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe-gone"] })),
                Case.Of(
                    "a group of offsets alone",
                    ids,
                    p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe-offsets"] })
                ),
                Case.Of("an unknown group", ids, p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe-nothing"] })),
                Case.Of(
                    "an unknown group, version 5",
                    ids,
                    p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe-nothing"] }, 5)
                ),
                Case.Of("no name", ids, p => DescribeAsync(p, new DescribeGroupsRequest { Groups = [""] })),
                Case.Of(
                    "several",
                    ids,
                    p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe", "describe-nothing", "describe"] })
                ),
                Case.Of("none", ids, p => DescribeAsync(p, new DescribeGroupsRequest())),
                Case.Of(
                    "with what is allowed",
                    ids,
                    p =>
                        DescribeAsync(
                            p,
                            new DescribeGroupsRequest { Groups = ["describe", "describe-nothing"], IncludeAuthorizedOperations = true }
                        )
                ),
                Case.Of("oldest version", ids, p => DescribeAsync(p, new DescribeGroupsRequest { Groups = ["describe"] }, 0)),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "ListGroups",
            [
                Case.Of("all", p => ListAsync(p, new())),
                Case.Of("stable ones", p => ListAsync(p, new() { StatesFilter = ["Stable"] })),
                Case.Of("in another spelling", p => ListAsync(p, new() { StatesFilter = ["sTaBLe", "empty"] })),
                Case.Of("in an unknown state", p => ListAsync(p, new() { StatesFilter = ["nothing"] })),
                Case.Of("classic ones", p => ListAsync(p, new() { TypesFilter = ["classic"] })),
                Case.Of("consumer groups", p => ListAsync(p, new() { TypesFilter = ["Consumer"] })),
                Case.Of("of an unknown type", p => ListAsync(p, new() { TypesFilter = ["nothing"] })),
                Case.Of("empty classic ones", p => ListAsync(p, new() { StatesFilter = ["Empty"], TypesFilter = ["classic"] })),
                Case.Of("version 3", async p => OfThisTest(await p.AskVersionAsync(new ListGroupsRequest(), 3))),
                Case.Of("version 0", async p => OfThisTest(await p.AskVersionAsync(new ListGroupsRequest(), 0))),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "DeleteGroups",
            [
                Case.Of("with members", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe"] })),
                Case.Of("waiting for its assignment", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe-joining"] })),
                Case.Of("empty", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe-gone"] })),
                Case.Of("empty, again", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe-gone"] })),
                Case.Of("with offsets", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe-offsets"] })),
                Case.Of(
                    "its offsets",
                    p => p.AskAsync(new OffsetFetchRequest { Groups = [new() { GroupId = "describe-offsets", Topics = null }] }, 9)
                ),
                Case.Of("unknown", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe-nothing"] })),
                Case.Of("no name", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = [""] })),
                Case.Of("one twice", p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = ["describe-nothing", "describe-nothing"] })),
                Case.Of("none", p => p.AskAsync(new DeleteGroupsRequest())),
                Case.Of("oldest version", p => p.AskVersionAsync(new DeleteGroupsRequest { GroupsNames = ["describe"] }, 0)),
            ]
        );
    }

    // Kafka's order is that of its shards.
    private static async Task<DescribeGroupsResponse> DescribeAsync(Peer peer, DescribeGroupsRequest request, short? version = null)
    {
        DescribeGroupsResponse response = version is { } asked ? await peer.AskVersionAsync(request, asked) : await peer.AskAsync(request);
        response.Groups = [.. response.Groups.OrderBy(group => group.GroupId, StringComparer.Ordinal)];
        return response;
    }

    private static async Task<ListGroupsResponse> ListAsync(Peer peer, ListGroupsRequest request) =>
        OfThisTest(await peer.AskAsync(request));

    // Other tests of the collection have groups too.
    private static ListGroupsResponse OfThisTest(ListGroupsResponse response)
    {
        response.Groups =
        [
            .. response
                .Groups.Where(group => group.GroupId.StartsWith("describe", StringComparison.Ordinal))
                .OrderBy(group => group.GroupId),
        ];
        return response;
    }

    private static OffsetCommitRequest Offsets(string group) =>
        new()
        {
            GroupId = group,
            Topics =
            [
                new()
                {
                    Name = "described",
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new(1),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };
}
