using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>A leader of the quorum that stops tells the other voters before it goes.</summary>
public sealed class FarewellTests
{
    // Nothing but the farewell brings an election: fetches time out far later than a test may take, and no connect is ever refused.
    private const string ThreeNodes = """
        {
          "defaults": { "log.dirs": "/data", "controller.quorum.fetch.timeout.ms": 3600000, "controller.quorum.election.timeout.ms": 500 },
          "nodes": [
            { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093" },
            { "node.id": 2, "listeners": "PLAINTEXT://b:9092,CONTROLLER://b:9093" },
            { "node.id": 3, "listeners": "PLAINTEXT://c:9092,CONTROLLER://c:9093" }
          ]
        }
        """;

    // More than once: whether a request that nobody waits for still leaves is luck.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_others_elect_at_once_when_the_leader_stops_also_where_a_proxy_goes_on_accepting(int time)
    {
        using NodesInMemory nodes = new(ThreeNodes, new NeverRefusingNetwork(new InMemoryNetwork(TimeProvider.System)));
        await nodes.StartAsync();
        NodeId leads = nodes.All[0].Node.QuorumLeader;
        NodesInMemory.OneNode leader = nodes.All.Single(node => node.Config.NodeId == leads);
        await leader.Node.StopAsync(TimeSpan.Zero);
        await NodesInMemory.UntilAsync(
            $"another leads, time {time}",
            () => nodes.All.Any(node => node != leader && node.Node.QuorumLeader == node.Config.NodeId)
        );
        await nodes.StopAsync();
    }

    /// <summary>Nobody learns from a connect that a process is gone.</summary>
    private sealed class NeverRefusingNetwork(INetwork network) : INetwork
    {
        public IListener Listen(NetworkAddress address) => network.Listen(address);

        public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
        {
            ConnectResult result = await network.ConnectAsync(address, timeout, cancel);
            return result.Outcome == ConnectOutcome.Refused ? result with { Outcome = ConnectOutcome.Silent } : result;
        }
    }
}
