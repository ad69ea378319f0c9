using RaftLog.Broker.Cluster;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Cluster;

/// <summary>Proposals on their way to the controller.</summary>
public sealed class IsrProposalsTests : IDisposable
{
    private readonly TestCluster _cluster = new(2);

    public void Dispose() => _cluster.Dispose();

    /// <summary>
    /// The controller answers each partition of a request: of two entries for one partition the first may be rejected and the second
    /// accepted, and who takes the one response for the other believes an accepted member to be out.
    /// </summary>
    [Fact]
    public void A_request_names_a_partition_once_with_the_latest_that_was_proposed()
    {
        _cluster.CreateOrders(0, 1);
        TestNode leader = _cluster.Nodes[0];
        Controller controller = new();
        IsrProposals proposals = new(
            leader.Id,
            () => leader.RegisteredAs,
            controller,
            TimeSpan.FromSeconds(1),
            new AsyncSignal(leader.Waiters)
        );
        _cluster.Pump.Start(() =>
        {
            proposals.Send(leader.Orders, Of(new BrokerEpoch(47)));
            proposals.Send(leader.Orders, Of(new BrokerEpoch(57)));
            return proposals.RunAsync();
        });
        _cluster.Pump.Drain();

        AlterPartitionRequest.PartitionData asked = Assert.Single(Assert.Single(Assert.Single(controller.Asked).Topics).Partitions);
        Assert.Equal(new BrokerEpoch(57), asked.NewIsrWithEpochs[1].BrokerEpoch);
        proposals.Stop();
        _cluster.Pump.Drain();
    }

    private static IsrProposal Of(BrokerEpoch follower) =>
        new(new LeaderEpoch(0), new PartitionEpoch(0), NodeSet.Of(new NodeId(0), new NodeId(1)), [new BrokerEpoch(1), follower]);

    /// <summary>Notes what it is asked, and answers nothing.</summary>
    private sealed class Controller : IControllerChannel
    {
        public List<AlterPartitionRequest> Asked { get; } = [];

        public ValueTask<TResponse?> SendAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
            where TResponse : class, IVersionedMessage, new()
        {
            Asked.Add(Assert.IsType<AlterPartitionRequest>(request));
            return new((TResponse?)null);
        }

        public ValueTask<TResponse?> SendOnceAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
            where TResponse : class, IVersionedMessage, new() => SendAsync(request, timeout);
    }
}
