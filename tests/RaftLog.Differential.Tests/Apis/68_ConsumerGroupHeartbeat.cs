using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Consumer groups (KIP-848).</summary>
[Collection(BothNodesCollection.Name)]
public sealed class ConsumerGroupHeartbeatTests(BothNodes nodes)
{
    private const string Topic = "beaten";
    private const string Group = "consumer";
    private const string Member = "member-one";

    // A subscription of version 0 to nothing, as members of classic groups write it.
    private static readonly byte[] NoTopics = [0, 0, 0, 0, 0, 0, 255, 255, 255, 255];

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation ids = Normalisation.Usual.AndByPresence("ClientId", "ClientHost");
        await Topics.CreateAsync(nodes, Topic, 2);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, Group);
            await Coordinators.UntilKnownAsync(peer, "consumer-nothing");
        }

        await Script.CompareAsync(
            nodes,
            "ConsumerGroupHeartbeat",
            [
                Case.Of("joins without topics", ids, p => BeatAsync(p, 0, r => r.SubscribedTopicNames = null)),
                Case.Of("joins without a rebalance timeout", ids, p => BeatAsync(p, 0, r => r.RebalanceTimeoutMs = -1)),
                Case.Of("joins without a member id", ids, p => BeatAsync(p, 0, r => r.MemberId = "")),
                Case.Of("joins an empty group", ids, p => BeatAsync(p, 0, r => r.GroupId = "")),
                Case.Of("joins with an unknown assignor", ids, p => BeatAsync(p, 0, r => r.ServerAssignor = "nothing")),
                Case.Of(
                    "joins with partitions",
                    ids,
                    p => BeatAsync(p, 0, r => r.TopicPartitions = [new() { TopicId = new Uuid(1, 2), Partitions = [0] }])
                ),
                Case.Of("joins with a name and an empty one", ids, p => BeatAsync(p, 0, r => r.InstanceId = "")),
                Case.Of("joins with a bad expression", ids, p => BeatAsync(p, 0, r => r.SubscribedTopicRegex = "(")),
                Case.Of("joins", ids, UntilAssignedAsync),
                Case.Of("beats", ids, p => BeatAsync(p, 2, Beat)),
                Case.Of("beats in a later epoch", ids, p => BeatAsync(p, 9, Beat)),
                Case.Of("beats in an older epoch", ids, p => BeatAsync(p, 1, Beat)),
                Case.Of("beats in a negative epoch", ids, p => BeatAsync(p, -5, Beat)),
                Case.Of(
                    "somebody else beats",
                    ids,
                    p =>
                        BeatAsync(
                            p,
                            2,
                            r =>
                            {
                                Beat(r);
                                r.MemberId = "nobody";
                            }
                        )
                ),
                Case.Of(
                    "joins as a member of a group that there is not",
                    ids,
                    p =>
                        BeatAsync(
                            p,
                            2,
                            r =>
                            {
                                Beat(r);
                                r.GroupId = "consumer-nothing";
                            }
                        )
                ),
                Case.Of("leaves as a static member", ids, p => BeatAsync(p, -2, Beat)),
            ]
        );
        await Script.CompareAsync(
            nodes,
            "ConsumerGroupDescribe",
            [
                Case.Of("a group", ids, p => DescribeAsync(p, false, Group)),
                Case.Of("a group, with what is allowed", ids, p => DescribeAsync(p, true, Group)),
                Case.Of("an unknown group", ids, p => DescribeAsync(p, false, "consumer-nothing")),
                Case.Of("no name", ids, p => DescribeAsync(p, false, "")),
                Case.Of("several", ids, p => DescribeAsync(p, false, Group, "consumer-nothing")),
                Case.Of("none", ids, p => DescribeAsync(p, false)),
                Case.Of("oldest version", ids, p => p.AskVersionAsync(new ConsumerGroupDescribeRequest { GroupIds = [Group] }, 0)),
                Case.Of("as a classic group", ids, p => p.AskAsync(new DescribeGroupsRequest { Groups = [Group] })),
                Case.Of(
                    "joined as a classic group with an id",
                    ids,
                    p =>
                        new ClassicMember(Group).JoinAsync(
                            p,
                            r =>
                            {
                                r.MemberId = "nobody";
                                r.Protocols.ForEach(protocol => protocol.Metadata = NoTopics);
                            }
                        )
                ),
                Case.Of("deleted with a member", ids, p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = [Group] })),
                Case.Of("a commit from outside", ids, p => p.AskAsync(Commit(-1, ""), 9)),
                Case.Of("a commit by the member", ids, p => p.AskAsync(Commit(2, Member), 9)),
                Case.Of("a commit in another epoch", ids, p => p.AskAsync(Commit(9, Member), 9)),
                Case.Of("a commit of nobody", ids, p => p.AskAsync(Commit(2, "nobody"), 9)),
                Case.Of("a commit in an old version", ids, p => p.AskVersionAsync(Commit(2, Member), 8)),
                Case.Of("a read by the member", ids, p => p.AskAsync(Fetch(2), 9)),
                Case.Of("a read in another epoch", ids, p => p.AskAsync(Fetch(9), 9)),
                Case.Of("the member leaves", ids, p => BeatAsync(p, -1, Beat)),
                Case.Of("a group without members", ids, p => DescribeAsync(p, false, Group)),
                Case.Of("deleted", ids, p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = [Group] })),
            ]
        );
    }

    private static async Task<ConsumerGroupHeartbeatResponse> BeatAsync(
        Peer peer,
        int epoch,
        Action<ConsumerGroupHeartbeatRequest>? change = null
    )
    {
        ConsumerGroupHeartbeatRequest request = new()
        {
            GroupId = Group,
            MemberId = Member,
            MemberEpoch = epoch,
            RebalanceTimeoutMs = 5_000,
            SubscribedTopicNames = [Topic],
            TopicPartitions = [],
        };
        change?.Invoke(request);
        return await peer.AskAsync(request);
    }

    private static void Beat(ConsumerGroupHeartbeatRequest request) =>
        (request.RebalanceTimeoutMs, request.SubscribedTopicNames, request.TopicPartitions) = (-1, null, null);

    // How many heartbeats it takes depends on when they come.
    private static async Task<ConsumerGroupHeartbeatResponse> UntilAssignedAsync(Peer peer)
    {
        ConsumerGroupHeartbeatResponse response = await BeatAsync(peer, 0);
        ConsumerGroupHeartbeatResponse.HeartbeatAssignment? assigned = response.Assignment;
        await Poll.UntilAsync(
            $"{peer.Name} assigns",
            async () =>
            {
                if (assigned is { TopicPartitions.Count: > 0 })
                {
                    return true;
                }

                response = await BeatAsync(peer, response.MemberEpoch, Beat);
                assigned = response.Assignment ?? assigned;
                return assigned is { TopicPartitions.Count: > 0 };
            }
        );
        await BeatAsync(
            peer,
            response.MemberEpoch,
            r =>
            {
                Beat(r);
                r.TopicPartitions = assigned!.TopicPartitions.ConvertAll(each => new ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions
                {
                    TopicId = each.TopicId,
                    Partitions = each.Partitions,
                });
            }
        );
        return response;
    }

    private static async Task<ConsumerGroupDescribeResponse> DescribeAsync(Peer peer, bool allowed, params string[] groups)
    {
        ConsumerGroupDescribeResponse response = await peer.AskAsync(
            new ConsumerGroupDescribeRequest { GroupIds = [.. groups], IncludeAuthorizedOperations = allowed }
        );
        response.Groups = [.. response.Groups.OrderBy(group => group.GroupId, StringComparer.Ordinal)];
        return response;
    }

    private static OffsetCommitRequest Commit(int epoch, string member) =>
        new()
        {
            GroupId = Group,
            MemberId = member,
            GenerationIdOrMemberEpoch = epoch,
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new(5),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    private static OffsetFetchRequest Fetch(int epoch) =>
        new()
        {
            Groups =
            [
                new()
                {
                    GroupId = Group,
                    MemberId = Member,
                    MemberEpoch = epoch,
                    Topics = [new() { Name = Topic, PartitionIndexes = [0, 1] }],
                },
            ],
        };
}
