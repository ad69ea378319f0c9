using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>A few replicas and hand-written metadata: for scenarios in which every step is chosen.</summary>
internal sealed class Scene
{
    private readonly ReplicationTuning _tuning = new(MaxLagMs: 1_000, ProposalBackoffMs: 100, LostProposalMs: 5_000);
    private readonly BrokerEpoch[] _epochs;
    private readonly BrokerService[] _services;
    private int _metadataOffset = 100;

    public Scene(int nodes)
    {
        Nodes = [.. Enumerable.Range(0, nodes).Select(id => new DataReplica(id, _tuning))];
        _epochs = [.. Enumerable.Range(0, nodes).Select(id => new BrokerEpoch(id))];
        _services = new BrokerService[nodes];
        foreach (DataReplica node in Nodes)
        {
            node.RegisteredAs = _epochs[node.Node.Value];
        }

        State = StateOf(0, 0, 0, NodeSet.Of([.. Nodes.Select(node => node.Node)]));
    }

    public DataReplica[] Nodes { get; }

    public PartitionState State { get; private set; }

    public int MinInSync { get; set; } = 1;

    public static NodeSet Set(params int[] nodes) => NodeSet.Of([.. nodes.Select(id => new NodeId(id))]);

    /// <summary>Metadata moves on: a leader (-1: none) in an epoch, and who is in sync. Nobody has heard of it yet.</summary>
    public PartitionState Decide(int leader, int epoch, params int[] inSync)
    {
        State = StateOf(leader, epoch, State.PartitionEpoch.Value + 1, Set(inSync));
        return State;
    }

    /// <summary>The same state with what is now known of the brokers.</summary>
    public PartitionState Restate()
    {
        State = StateOf(State.Leader.Value, State.LeaderEpoch.Value, State.PartitionEpoch.Value, State.InSync);
        return State;
    }

    public void Tell(long nowMs, params int[] nodes)
    {
        foreach (int node in nodes)
        {
            Nodes[node].Apply(nowMs, State);
        }
    }

    public void Is(int node, BrokerService service) => _services[node] = service;

    /// <summary>A new incarnation of a node is registered at the next metadata offset, and knows it.</summary>
    public void Register(int node)
    {
        _epochs[node] = new BrokerEpoch(++_metadataOffset);
        Nodes[node].RegisteredAs = _epochs[node];
    }

    public static IsrResponse Granted(IsrProposal proposal) =>
        new(ErrorCode.None, proposal.LeaderEpoch, proposal.PartitionEpoch.Next(), proposal.InSync);

    private PartitionState StateOf(int leader, int epoch, int partitionEpoch, NodeSet inSync)
    {
        var roster = new RosterEntry[_epochs.Length];
        for (int id = 0; id < roster.Length; id++)
        {
            roster[id] = new RosterEntry(new NodeId(id), _epochs[id], _services[id]);
        }

        return new PartitionState
        {
            AsOf = new Offset(++_metadataOffset),
            Replicas = NodeSet.Of([.. Nodes.Select(node => node.Node)]),
            InSync = inSync,
            Leader = new NodeId(leader),
            LeaderEpoch = new LeaderEpoch(epoch),
            PartitionEpoch = new PartitionEpoch(partitionEpoch),
            MinInSync = MinInSync,
            Brokers = new BrokerRoster(roster),
        };
    }
}
