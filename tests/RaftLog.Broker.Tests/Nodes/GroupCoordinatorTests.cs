using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>Groups of a cluster of whole nodes: who coordinates them, and what is still known when that node is gone.</summary>
public sealed class GroupCoordinatorTests
{
    private const string ThreeNodes = """
        {
          "defaults": { "log.dirs": "/data", "offsets.topic.num.partitions": 2, "group.initial.rebalance.delay.ms": 0 },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092,CONTROLLER://b:9093" },
            { "node.id": 3, "listeners": "PLAINTEXT://c:9092,CONTROLLER://c:9093" }
          ]
        }
        """;

    private static readonly string[] Hosts = ["a", "b", "c"];

    [Fact]
    public async Task What_a_group_has_committed_and_who_is_in_it_survive_their_coordinator()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(ThreeNodes, network);
        await nodes.StartAsync();
        (await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders", 1, 3)]))[0].ThrowIfFailed();
        NodeId before = await FindAsync(network, Hosts[0]);
        string host = Hosts[before.Value - 1];
        await UntilServedAsync(network, host);

        JoinGroupResponse joined = await JoinAsync(network, host, "");
        joined = await JoinAsync(network, host, joined.MemberId);
        Assert.Equal((ErrorCode.None, 1, joined.MemberId), (joined.ErrorCode, joined.GenerationId, joined.Leader));
        SyncGroupResponse synced = await AskAsync(
            network,
            host,
            new SyncGroupRequest
            {
                GroupId = "g",
                GenerationId = 1,
                MemberId = joined.MemberId,
                ProtocolType = "consumer",
                ProtocolName = "range",
                Assignments = [new() { MemberId = joined.MemberId, Assignment = new byte[] { 1, 2, 3 } }],
            }
        );
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        await nodes.Client.Admin.DescribeTopicsAsync(["orders"]);
        OffsetCommitResponse committed = await AskAsync(network, host, Commit(joined.MemberId, 7));
        Assert.Equal(ErrorCode.None, committed.Topics[0].Partitions[0].ErrorCode);

        foreach (string other in Hosts.Where(each => each != host))
        {
            Assert.Equal(ErrorCode.NotCoordinator, (await BeatAsync(network, other, joined.MemberId)).ErrorCode);
        }

        await nodes.All[before.Value - 1].Node.StopAsync(TimeSpan.FromSeconds(10));
        string asked = Hosts.First(each => each != host);
        NodeId after = await FindAsync(network, asked, not: before);
        host = Hosts[after.Value - 1];
        await UntilServedAsync(network, host);
        Assert.Equal(ErrorCode.None, (await BeatAsync(network, host, joined.MemberId)).ErrorCode);
        OffsetFetchResponse fetched = await AskAsync(network, host, Fetch());
        OffsetFetchResponse.OffsetFetchGroupPartitionResult position = fetched.Groups[0].Topics[0].Partitions[0];
        Assert.Equal((new Offset(7), "note"), (position.CommittedOffset, position.Metadata));
        await nodes.StopAsync();
    }

    [Fact]
    public async Task A_topics_positions_go_with_the_topic()
    {
        InMemoryNetwork network = new(TimeProvider.System);
        using NodesInMemory nodes = new(ThreeNodes, network);
        await nodes.StartAsync();
        (await nodes.Client.Admin.CreateTopicsAsync([new NewTopic("orders", 1, 3)]))[0].ThrowIfFailed();
        string host = Hosts[(await FindAsync(network, Hosts[0])).Value - 1];
        await UntilServedAsync(network, host);
        await NodesInMemory.UntilAsync(
            "the coordinator knows the topic",
            () => nodes.All.All(node => node.Node.Image.Topics.TryGet("orders", out _))
        );
        Assert.Equal(ErrorCode.None, (await AskAsync(network, host, Commit("", 7, generation: -1))).Topics[0].Partitions[0].ErrorCode);
        Assert.NotEmpty((await AskAsync(network, host, Fetch())).Groups[0].Topics);

        await nodes.Client.Admin.DeleteTopicsAsync(["orders"]);
        OffsetFetchResponse fetched = await AskAsync(network, host, Fetch());
        while (fetched.Groups[0].Topics.Count > 0)
        {
            fetched = await AskAsync(network, host, Fetch());
        }

        await nodes.StopAsync();
    }

    private static Task<JoinGroupResponse> JoinAsync(INetwork network, string host, string member) =>
        AskAsync(
            network,
            host,
            new JoinGroupRequest
            {
                GroupId = "g",
                SessionTimeoutMs = 30_000,
                RebalanceTimeoutMs = 30_000,
                MemberId = member,
                ProtocolType = "consumer",
                Protocols = [new() { Name = "range", Metadata = new byte[] { 0, 0, 0, 0, 0, 0, 255, 255, 255, 255 } }],
            }
        );

    private static Task<HeartbeatResponse> BeatAsync(INetwork network, string host, string member) =>
        AskAsync(
            network,
            host,
            new HeartbeatRequest
            {
                GroupId = "g",
                GenerationId = 1,
                MemberId = member,
            }
        );

    private static OffsetCommitRequest Commit(string member, long offset, int generation = 1) =>
        new()
        {
            GroupId = "g",
            MemberId = member,
            GenerationIdOrMemberEpoch = generation,
            Topics =
            [
                new()
                {
                    Name = "orders",
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new Offset(offset),
                            CommittedMetadata = "note",
                        },
                    ],
                },
            ],
        };

    private static OffsetFetchRequest Fetch() => new() { Groups = [new() { GroupId = "g", Topics = null }] };

    private static async Task UntilServedAsync(INetwork network, string host)
    {
        while (
            (await AskAsync(network, host, Fetch())).Groups[0].ErrorCode is ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator
        ) { }
    }

    private static async Task<NodeId> FindAsync(INetwork network, string host, NodeId? not = null)
    {
        while (true)
        {
            FindCoordinatorResponse.Coordinator found = (
                await AskAsync(network, host, new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["g"] })
            ).Coordinators[0];
            if (found.ErrorCode == ErrorCode.None && found.NodeId != not)
            {
                return found.NodeId;
            }
        }
    }

    private static Task<TResponse> AskAsync<TResponse>(INetwork network, string host, Protocol.Wire.IRequest<TResponse> request)
        where TResponse : class, Protocol.Wire.IVersionedMessage, new() =>
        RawCall.AskAsync(network, new NetworkAddress(host, 9092), request, LastWithTopicNames);

    // The versions after it name topics by their ids.
    private const short LastWithTopicNames = 9;
}
