using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// The controller's side of one partition, by the rules that Kafka 4.3 has for registration, fencing, election, eligible leader replicas
/// and AlterPartition. It never fails: what fails is the way to it. Its metadata log is a list of states.
/// </summary>
internal sealed class ModelController : IElectable
{
    private readonly int _minInSync;
    private readonly bool _keepsEligible;
    private readonly NodeSet _replicas;
    private readonly Broker[] _brokers;
    private NodeSet _inSync;
    private NodeId _leader = NodeId.None;
    private int _leaderEpoch;
    private int _partitionEpoch;

    public ModelController(int nodes, int minInSync, bool keepsEligible)
    {
        _minInSync = minInSync;
        _keepsEligible = keepsEligible;
        _replicas = NodeSet.Of([.. Enumerable.Range(0, nodes).Select(id => new NodeId(id))]);
        _brokers = [.. Enumerable.Range(0, nodes).Select(_ => new Broker())];
        _inSync = _replicas;
    }

    public List<PartitionState> Log { get; } = [];

    public NodeSet InSync => _inSync;

    public NodeSet Eligible { get; private set; } = NodeSet.Empty;

    public NodeId Leader => _leader;

    public bool IsFenced(NodeId node) => _brokers[node.Value].Fenced;

    public BrokerEpoch EpochOf(NodeId node) => _brokers[node.Value].Epoch;

    /// <summary>
    /// A new incarnation: fenced like a failed broker, so that whatever it led gets a new leader epoch before it is known again.
    /// </summary>
    public BrokerEpoch Register(NodeId node)
    {
        Fence(node);
        _brokers[node.Value].Epoch = new BrokerEpoch(Log.Count);
        Write();
        return _brokers[node.Value].Epoch;
    }

    public void Fence(NodeId node)
    {
        if (_brokers[node.Value].Fenced && _leader != node)
        {
            return;
        }

        _brokers[node.Value].Fenced = true;
        Leave(node);
        Write();
    }

    public void Unfence(NodeId node)
    {
        _brokers[node.Value].Fenced = false;
        if (!_leader.IsNode)
        {
            Elect();
        }

        Write();
    }

    /// <summary>A leader change without a failure, as a preferred election.</summary>
    public void MoveLeader(NodeId to)
    {
        if (to != _leader && _inSync.Contains(to) && !IsFenced(to))
        {
            Lead(to);
            Write();
        }
    }

    public IsrResponse Alter(NodeId from, BrokerEpoch brokerEpoch, IsrProposal proposal)
    {
        if (_brokers[from.Value].Epoch != brokerEpoch)
        {
            return IsrResponse.Failed(ErrorCode.StaleBrokerEpoch);
        }

        if (proposal.LeaderEpoch.Value > _leaderEpoch || proposal.PartitionEpoch.Value > _partitionEpoch)
        {
            return IsrResponse.Failed(ErrorCode.NotController);
        }

        if (proposal.LeaderEpoch.Value < _leaderEpoch)
        {
            return IsrResponse.Failed(ErrorCode.FencedLeaderEpoch);
        }

        if (from != _leader)
        {
            return IsrResponse.Failed(ErrorCode.InvalidRequest);
        }

        if (proposal.PartitionEpoch.Value < _partitionEpoch)
        {
            return IsrResponse.Failed(ErrorCode.InvalidUpdateVersion);
        }

        if (!proposal.InSync.Contains(from))
        {
            return IsrResponse.Failed(ErrorCode.InvalidRequest);
        }

        for (int i = 0; i < proposal.InSync.Count; i++)
        {
            NodeId member = proposal.InSync.Nodes[i];
            BrokerEpoch claimed = proposal.BrokerEpochs[i];
            if (IsFenced(member) || (claimed != BrokerEpoch.None && claimed != EpochOf(member)))
            {
                return IsrResponse.Failed(ErrorCode.IneligibleReplica);
            }
        }

        if (!proposal.InSync.SameAs(_inSync))
        {
            Set(proposal.InSync);
            _partitionEpoch++;
            Write();
        }

        return new IsrResponse(ErrorCode.None, new LeaderEpoch(_leaderEpoch), new PartitionEpoch(_partitionEpoch), _inSync);
    }

    private void Leave(NodeId node)
    {
        bool leads = _leader == node;
        if (_inSync.Contains(node) && (_inSync.Count > 1 || _keepsEligible))
        {
            Set(_inSync.Without(NodeSet.Of(node)));
            _partitionEpoch++;
        }

        if (leads)
        {
            Elect();
        }
    }

    private void Elect()
    {
        NodeSet from = _inSync.Count > 0 ? _inSync : Eligible;
        foreach (NodeId candidate in _replicas.Nodes)
        {
            if (from.Contains(candidate) && !IsFenced(candidate))
            {
                if (_inSync.Count == 0)
                {
                    Eligible = Eligible.Without(NodeSet.Of(candidate));
                    _inSync = NodeSet.Of(candidate);
                }

                Lead(candidate);
                return;
            }
        }

        if (_leader.IsNode)
        {
            Lead(NodeId.None);
        }
    }

    private void Lead(NodeId node)
    {
        _leader = node;
        _leaderEpoch++;
        _partitionEpoch++;
    }

    /// <summary>Replicas that leave an in-sync set which is (or becomes) too small stay eligible, until it is large enough again.</summary>
    private void Set(NodeSet next)
    {
        NodeSet eligible = NodeSet.Empty;
        if (_keepsEligible && next.Count < _minInSync)
        {
            eligible = Eligible;
            foreach (NodeId node in _inSync.Nodes)
            {
                eligible = eligible.With(node);
            }

            eligible = eligible.Without(next);
        }

        Eligible = eligible;
        _inSync = next;
    }

    private void Write()
    {
        var roster = new RosterEntry[_brokers.Length];
        int count = 0;
        for (int id = 0; id < _brokers.Length; id++)
        {
            if (_brokers[id].Epoch != BrokerEpoch.None)
            {
                roster[count++] = new RosterEntry(
                    new NodeId(id),
                    _brokers[id].Epoch,
                    _brokers[id].Fenced ? BrokerService.Fenced : BrokerService.Active
                );
            }
        }

        Log.Add(
            new PartitionState
            {
                AsOf = new Offset(Log.Count),
                Replicas = _replicas,
                InSync = _inSync,
                Leader = _leader,
                LeaderEpoch = new LeaderEpoch(_leaderEpoch),
                PartitionEpoch = new PartitionEpoch(_partitionEpoch),
                MinInSync = _minInSync,
                Brokers = new BrokerRoster(roster.AsSpan(0, count)),
            }
        );
    }

    private sealed class Broker
    {
        public BrokerEpoch Epoch { get; set; } = BrokerEpoch.None;

        public bool Fenced { get; set; } = true;
    }
}
