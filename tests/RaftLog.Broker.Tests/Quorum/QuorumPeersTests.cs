using RaftLog.Broker.Quorum;
using RaftLog.Broker.Tests.Nodes;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Broker.Tests.Quorum;

public sealed class QuorumPeersTests
{
    private const int ControllerPort = 9093;

    private const string OneNode = """
        { "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/data" } ] }
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_is_over_when_the_connection_is_open_is_not_sent()
    {
        ResponseLosingNetwork network = new(new InMemoryNetwork(TimeProvider.System), ApiKey.Vote) { Port = ControllerPort };
        using NodesInMemory nodes = new(OneNode, network);
        await nodes.StartAsync();
        using Waiters waiters = new(TimeProvider.System);
        using BufferPool pool = new(TimeProvider.System, BufferPoolLimits.Default);
        RpcConnector connector = new(
            network,
            waiters,
            pool,
            new Supervisor(new InMemoryProcess()),
            new RpcOptions("n2"),
            "raftlog-test",
            "1.0"
        );
        NodeId voter = new(1);
        using QuorumPeers peers = new(
            network,
            connector,
            new Dictionary<NodeId, NetworkAddress> { [voter] = new("a", ControllerPort) },
            new QuorumPeerOptions(
                "AAAAAAAAAAAAAAAAAAAAAQ",
                new QuorumEndpoint("CONTROLLER", new NetworkAddress("b", ControllerPort)),
                Limit,
                1 << 20,
                1 << 20
            )
        );
        RaftVoteRequest vote = new(
            ReplicaKey.None,
            new LeaderEpoch(1),
            new ReplicaKey(new NodeId(2), new Uuid(0, 2)),
            new LogPosition(LeaderEpoch.Zero, Offset.Zero),
            PreVote: true
        );

        PeerReply dropped = await peers.SendAsync(voter, vote, _ => Task.FromResult(false));
        Assert.Equal((null, 0), (dropped.Reply, network.Sent));

        // The same connection is open now: nothing can have changed while it waited, and nobody is asked.
        PeerReply reply = await peers.SendAsync(voter, vote, _ => throw new InvalidOperationException("asked"));
        Assert.IsType<RaftVoteReply>(reply.Reply);
        Assert.Equal(1, network.Sent);
        await nodes.StopAsync();
    }
}
