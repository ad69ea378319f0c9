using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Every request about a group in every state of it: right ones that leave the state as it is, and wrong ones.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class GroupsInEveryStateTests(BothNodes nodes)
{
    private const string Topic = "in-state";
    private const string Nobody = "nobody";

    // A subscription of version 0 to nothing.
    private static readonly byte[] NoTopics = [0, 0, 0, 0, 0, 0, 255, 255, 255, 255];

    private static readonly Normalisation Ids = Normalisation.Usual.AndByPresence("MemberId", "Leader", "ClientId", "ClientHost");

    /// <summary>The states.</summary>
    public static TheoryData<string> States => [.. GroupInState.States];

    [KafkaTheory]
    [MemberData(nameof(States))]
    public async Task Responses_are_Kafkas(string state)
    {
        await Topics.CreateAsync(nodes, Topic, 2);
        using GroupInState group = new(state, Topic);
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await group.MakeAsync(peer);
        }

        await Script.CompareAsync(
            nodes,
            $"A group that is {state}",
            [
                Case.Of("DescribeGroups", Ids, p => DescribeAsync(p, group)),
                Case.Of("DescribeGroups, version 5", Ids, p => DescribeAsync(p, group, 5)),
                Case.Of("ListGroups", Ids, p => ListAsync(p, group)),
                Case.Of("ListGroups, classic ones", Ids, p => ListAsync(p, group, r => r.TypesFilter = ["classic"])),
                Case.Of("ListGroups, stable ones", Ids, p => ListAsync(p, group, r => r.StatesFilter = ["Stable"])),
                Case.Of("ListGroups, empty ones", Ids, p => ListAsync(p, group, r => r.StatesFilter = ["Empty", "Nothing"])),
                Case.Of("ConsumerGroupDescribe", Ids, p => p.AskAsync(new ConsumerGroupDescribeRequest { GroupIds = [group.Id] })),
                Case.Of("SyncGroup of nobody", Ids, p => p.AskAsync(Sync(group, p, r => r.MemberId = Nobody))),
                Case.Of("SyncGroup of a later generation", Ids, p => p.AskAsync(Sync(group, p, r => r.GenerationId += 5))),
                Case.Of("SyncGroup of another protocol", Ids, p => p.AskAsync(Sync(group, p, r => r.ProtocolName = "none"))),
                Case.Of("Heartbeat", Ids, p => p.AskAsync(Beat(group, p))),
                Case.Of("Heartbeat of nobody", Ids, p => p.AskAsync(Beat(group, p, r => r.MemberId = Nobody))),
                Case.Of("Heartbeat of a later generation", Ids, p => p.AskAsync(Beat(group, p, r => r.GenerationId += 5))),
                Case.Of("Heartbeat of a name", Ids, p => p.AskAsync(Beat(group, p, r => r.GroupInstanceId = Nobody))),
                Case.Of("LeaveGroup of nobody", Ids, p => p.AskAsync(Leave(group, r => r.MemberId = Nobody))),
                Case.Of("LeaveGroup of a name", Ids, p => p.AskAsync(Leave(group, r => (r.MemberId, r.GroupInstanceId) = ("", Nobody)))),
                Case.Of("ConsumerGroupHeartbeat of nobody", Ids, p => p.AskAsync(ConsumerBeat(group, Nobody, 3))),
                Case.Of("ConsumerGroupHeartbeat in a later epoch", Ids, p => p.AskAsync(ConsumerBeat(group, group.MemberOn(p), 99))),
                Case.Of("ConsumerGroupHeartbeat that nobody leaves with", Ids, p => p.AskAsync(ConsumerBeat(group, Nobody, -1))),
                Case.Of("OffsetFetch", Ids, p => p.AskAsync(Fetch(group), 9)),
                Case.Of("OffsetFetch of all", Ids, p => p.AskAsync(Fetch(group, r => r.Topics = null), 9)),
                Case.Of("OffsetFetch of nobody", Ids, p => p.AskAsync(Fetch(group, r => (r.MemberId, r.MemberEpoch) = (Nobody, 1)), 9)),
                Case.Of(
                    "OffsetFetch in a later epoch",
                    Ids,
                    p => p.AskAsync(Fetch(group, r => (r.MemberId, r.MemberEpoch) = (group.MemberOn(p), 99)), 9)
                ),
                Case.Of("OffsetCommit of nobody", Ids, p => p.AskAsync(Commit(group, Nobody, 1), 9)),
                Case.Of("OffsetCommit of nobody, version 8", Ids, p => p.AskVersionAsync(Commit(group, Nobody, 1), 8)),
                Case.Of("OffsetCommit in a later epoch", Ids, p => p.AskAsync(Commit(group, group.MemberOn(p), 99), 9)),
                Case.Of("OffsetCommit of a member", Ids, p => p.AskAsync(Commit(group, group.MemberOn(p), group.EpochOn(p)), 9)),
                Case.Of("OffsetCommit from outside", Ids, p => p.AskAsync(Commit(group, "", -1), 9)),
                Case.Of("OffsetCommit from outside, oldest version", Ids, p => p.AskVersionAsync(Commit(group, "", -1), 2)),
                Case.Of("OffsetDelete", Ids, p => p.AskAsync(Delete(group, Topic))),
                Case.Of("OffsetDelete of an unknown topic", Ids, p => p.AskAsync(Delete(group, "in-state-nothing"))),
                Case.Of("OffsetFetch after it", Ids, p => p.AskAsync(Fetch(group), 9)),
                Case.Of("DeleteGroups", Ids, p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = [group.Id] })),
                Case.Of("DescribeGroups after it", Ids, p => DescribeAsync(p, group)),
                Case.Of("DeleteGroups again", Ids, p => DeleteAsync(p, group.Id, "")),
                Case.Of("JoinGroup of nobody", Ids, p => p.AskAsync(Join(group, r => r.MemberId = Nobody))),
                Case.Of("JoinGroup of nobody, oldest version", Ids, p => p.AskVersionAsync(Join(group, r => r.MemberId = Nobody), 0)),
                Case.Of("JoinGroup with another type", Ids, p => p.AskAsync(Join(group, r => r.ProtocolType = "connect"))),
                Case.Of("JoinGroup without a protocol", Ids, p => p.AskAsync(Join(group, r => r.Protocols = []))),
            ]
        );
    }

    private static async Task<ListGroupsResponse> ListAsync(Peer peer, GroupInState group, Action<ListGroupsRequest>? change = null)
    {
        ListGroupsRequest request = new();
        change?.Invoke(request);
        ListGroupsResponse response = await peer.AskAsync(request);
        response.Groups = response.Groups.FindAll(each => each.GroupId == group.Id);
        return response;
    }

    // Members come in the order of their ids, which are drawn.
    private static async Task<DescribeGroupsResponse> DescribeAsync(Peer peer, GroupInState group, short? version = null)
    {
        DescribeGroupsRequest request = new() { Groups = [group.Id] };
        DescribeGroupsResponse response = version is { } asked ? await peer.AskVersionAsync(request, asked) : await peer.AskAsync(request);
        foreach (DescribeGroupsResponse.DescribedGroup described in response.Groups)
        {
            described.Members = [.. described.Members.OrderBy(each => each.MemberAssignment.Length)];
        }

        return response;
    }

    // The order of the results is no promise.
    private static async Task<DeleteGroupsResponse> DeleteAsync(Peer peer, params string[] groups)
    {
        DeleteGroupsResponse response = await peer.AskAsync(new DeleteGroupsRequest { GroupsNames = [.. groups] });
        response.Results = [.. response.Results.OrderBy(each => each.GroupId, StringComparer.Ordinal)];
        return response;
    }

    private static JoinGroupRequest Join(GroupInState group, Action<JoinGroupRequest> change)
    {
        JoinGroupRequest request = new()
        {
            GroupId = group.Id,
            SessionTimeoutMs = 60_000,
            RebalanceTimeoutMs = 60_000,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = NoTopics }],
        };
        change(request);
        return request;
    }

    private static SyncGroupRequest Sync(GroupInState group, Peer peer, Action<SyncGroupRequest> change)
    {
        SyncGroupRequest request = new()
        {
            GroupId = group.Id,
            MemberId = group.MemberOn(peer),
            GenerationId = group.EpochOn(peer),
            ProtocolType = "consumer",
            ProtocolName = "range",
        };
        change(request);
        return request;
    }

    private static HeartbeatRequest Beat(GroupInState group, Peer peer, Action<HeartbeatRequest>? change = null)
    {
        HeartbeatRequest request = new()
        {
            GroupId = group.Id,
            MemberId = group.MemberOn(peer),
            GenerationId = group.EpochOn(peer),
        };
        change?.Invoke(request);
        return request;
    }

    private static LeaveGroupRequest Leave(GroupInState group, Action<LeaveGroupRequest.MemberIdentity> change)
    {
        LeaveGroupRequest.MemberIdentity member = new();
        change(member);
        return new() { GroupId = group.Id, Members = [member] };
    }

    private static ConsumerGroupHeartbeatRequest ConsumerBeat(GroupInState group, string member, int epoch) =>
        new()
        {
            GroupId = group.Id,
            MemberId = member,
            MemberEpoch = epoch,
            RebalanceTimeoutMs = -1,
            SubscribedTopicNames = null,
            TopicPartitions = null,
        };

    private static OffsetFetchRequest Fetch(GroupInState group, Action<OffsetFetchRequest.OffsetFetchGroup>? change = null)
    {
        OffsetFetchRequest.OffsetFetchGroup asked = new()
        {
            GroupId = group.Id,
            MemberEpoch = -1,
            Topics = [new() { Name = Topic, PartitionIndexes = [0, 1, 9] }],
        };
        change?.Invoke(asked);
        return new() { Groups = [asked] };
    }

    private static OffsetCommitRequest Commit(GroupInState group, string member, int epoch) =>
        new()
        {
            GroupId = group.Id,
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
                            PartitionIndex = 1,
                            CommittedOffset = new(5),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    private static OffsetDeleteRequest Delete(GroupInState group, string topic) =>
        new()
        {
            GroupId = group.Id,
            Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0 }, new() { PartitionIndex = 1 }] }],
        };
}
