using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// One partition on two to five nodes, a controller, producers and all that can happen to them, in one thread, in virtual time, from one
/// seed.
/// <para>
/// Claim: whatever is crashed (with loss of unflushed bytes), cut off, delayed, lost, fenced or moved, in any number, nothing that a leader
/// called committed is ever lost or changed; and when faults end, all replicas become equal and in sync.
/// </para>
/// <para>
/// Network: requests and answers of one fetch are tied to the incarnations at both ends, as in a connection. A proposal that its sender has
/// given up may still reach the controller, up to a second and a half later, and is executed there.
/// </para>
/// </summary>
internal sealed class PartitionWorld
{
    private const int LatestMs = 1_500;
    private const int ResponseTimeoutMs = 250;
    private readonly Chance _chance;
    private readonly PartitionOptions _options;
    private readonly ModelController _controller;
    private readonly PartitionWitness _witness;
    private readonly Node[] _nodes;
    private readonly DataReplica[] _replicas;
    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private readonly Producer[] _producers;
    private long _now;
    private long _order;
    private bool _faulty = true;

    public PartitionWorld(ulong seed)
    {
        _chance = new Chance(seed);
        _options = PartitionOptions.Draw(_chance);
        _controller = new ModelController(_options.Nodes, _options.MinInSync, _options.KeepsEligible);
        _witness = new PartitionWitness(_controller);
        var tuning = new ReplicationTuning(_options.MaxLagMs, ProposalBackoffMs: 20, LostProposalMs: LatestMs + 100);
        _nodes = [.. Enumerable.Range(0, _options.Nodes).Select(id => new Node(new DataReplica(id, tuning)))];
        _replicas = [.. _nodes.Select(node => node.Replica)];
        _producers = [.. Enumerable.Range(0, 4).Select(id => new Producer(id))];
    }

    public PartitionOptions Options => _options;

    public PartitionWitness Witness => _witness;

    public long Events { get; private set; }

    public int Crashes { get; private set; }

    public int Elections => _controller.Log[^1].LeaderEpoch.Value;

    public void Run()
    {
        foreach (Node node in _nodes)
        {
            node.Replica.AfterAppend = _witness.Appended;
            node.Replica.BeforeTruncation = to => _witness.Truncating(node.Replica, to);
            node.Replica.OnEffects = effects => ApplyEffects(node, effects);
            Start(node);
            Every(node, 10, Pump);
            Every(node, 20, static _ => { }, Tick);
            Every(node, 100, Heartbeat);
            Every(node, 10, Replay);
        }

        foreach (Producer producer in _producers)
        {
            In(_chance.Next(_options.ProduceEveryMs), () => Produce(producer));
        }

        In(_options.CrashEveryMs, Crash);
        In(_options.CutEveryMs, Cut);
        In(_options.MoveEveryMs, Move);
        In(50, WatchSessions);
        Until(_options.FaultyMs);
        _faulty = false;
        foreach (Node node in _nodes)
        {
            node.Cut = false;
        }

        Until(_options.FaultyMs + _options.HealedMs);
        if (!_witness.HasConverged(_replicas))
        {
            throw new AlarmException("liveness", _witness.Describe(_replicas));
        }
    }

    private void Until(long end)
    {
        while (_events.TryPeek(out _, out (long At, long) next) && next.At <= end)
        {
            Action act = _events.Dequeue();
            _now = next.At;
            act();
            Events++;
            _witness.Look(_replicas);
        }
    }

    private void In(long delayMs, Action act) => _events.Enqueue(act, (_now + delayMs, _order++));

    /// <summary>A message: lost, late or on time. Nothing passes to or from a node that is cut off.</summary>
    private void Send(Node from, Node? to, Action deliver)
    {
        bool lost = _faulty && (from.Cut || to is { Cut: true } || _chance.PerMille(_options.LossPerMille));
        bool late = _faulty && _chance.PerMille(_options.LatePerMille);
        long delay = late ? _chance.Between(20, LatestMs) : _chance.Between(1, _options.NetworkMs);
        if (!lost)
        {
            In(delay, deliver);
        }
    }

    private void Every(Node node, int periodMs, Action<Node> act, Action<Node>? always = null)
    {
        void Again()
        {
            if (node.Up)
            {
                act(node);
                always?.Invoke(node);
            }

            In(_chance.Between(1, 2 * periodMs), Again);
        }

        In(_chance.Next(periodMs), Again);
    }

    private void Tick(Node node) => node.Replica.Tick(_now);

    // Life and death of a node.

    private void Start(Node node)
    {
        node.Up = true;
        node.Incarnation++;
        node.Replayed = -1;
        Register(node, node.Incarnation);
    }

    private void Register(Node node, int incarnation)
    {
        if (node.Incarnation != incarnation || !node.Up || node.Replica.RegisteredAs != BrokerEpoch.None)
        {
            return;
        }

        Send(
            node,
            null,
            () =>
            {
                // A registration that arrives after its sender has died would only fence the next one; the controller rejects it by the
                // session.
                if (node.Incarnation != incarnation)
                {
                    return;
                }

                node.RegisteredIncarnation ??= 0;
                BrokerEpoch epoch =
                    node.RegisteredIncarnation == incarnation
                        ? _controller.EpochOf(node.Replica.Node)
                        : _controller.Register(node.Replica.Node);
                node.RegisteredIncarnation = incarnation;
                node.LastHeartbeatMs = _now;
                Send(
                    node,
                    null,
                    () =>
                    {
                        if (node.Incarnation == incarnation && node.Up)
                        {
                            node.Replica.RegisteredAs = epoch;
                            Replay(node);
                        }
                    }
                );
            }
        );
        In(200, () => Register(node, incarnation));
    }

    private void Crash()
    {
        In(_chance.Between(1, 2 * _options.CrashEveryMs), Crash);
        Node node = _nodes[_chance.Next(_nodes.Length)];
        if (!_faulty || !node.Up)
        {
            return;
        }

        Crashes++;
        node.Up = false;
        node.Incarnation++;
        node.Fetching = false;
        node.Flushing = false;
        node.Waiting.Clear();
        if (_chance.PerMille(500))
        {
            node.Replica.CheckpointHighWatermark();
        }

        int unflushed = node.Replica.Log.End - node.Replica.Log.DurableEnd;
        node.Replica.CrashAndRestart(_chance.Next(unflushed + 1));
        In(_chance.PerMille(500) ? _chance.Between(1, 50) : _chance.Between(1, 2_000), () => Start(node));
    }

    private void Cut()
    {
        In(_chance.Between(1, 2 * _options.CutEveryMs), Cut);
        Node node = _nodes[_chance.Next(_nodes.Length)];
        if (_faulty && !node.Cut)
        {
            node.Cut = true;
            In(_chance.Between(1, 1_500), () => node.Cut = false);
        }
    }

    private void Move()
    {
        In(_chance.Between(1, 2 * _options.MoveEveryMs), Move);
        if (_faulty && _controller.Leader.IsNode)
        {
            _controller.MoveLeader(new NodeId(_chance.Next(_nodes.Length)));
        }
    }

    // The control plane.

    private void Heartbeat(Node node)
    {
        int replayed = node.Replayed;
        BrokerEpoch epoch = node.Replica.RegisteredAs;
        Send(
            node,
            null,
            () =>
            {
                if (epoch == BrokerEpoch.None || epoch != _controller.EpochOf(node.Replica.Node))
                {
                    return;
                }

                node.LastHeartbeatMs = _now;
                if (_controller.IsFenced(node.Replica.Node) && replayed >= epoch.Value)
                {
                    _controller.Unfence(node.Replica.Node);
                }
            }
        );
    }

    private void WatchSessions()
    {
        In(50, WatchSessions);
        foreach (Node node in _nodes)
        {
            if (!_controller.IsFenced(node.Replica.Node) && _now - node.LastHeartbeatMs > _options.SessionMs)
            {
                _controller.Fence(node.Replica.Node);
            }
        }
    }

    /// <summary>Metadata reaches a node in order, but at its own pace, one change at a time or several at once.</summary>
    private void Replay(Node node)
    {
        int last = _controller.Log.Count - 1;
        if (node.Replayed >= last || (_faulty && node.Cut))
        {
            return;
        }

        int target = _faulty ? _chance.Between(node.Replayed + 1, last) : last;
        if (_chance.PerMille(500))
        {
            node.Replayed = target;
            node.Replica.Apply(_now, _controller.Log[target]);
        }
        else
        {
            while (node.Replayed < target)
            {
                node.Replayed++;
                node.Replica.Apply(_now, _controller.Log[node.Replayed]);
            }
        }
    }

    private void ApplyEffects(Node node, PartitionEffects effects)
    {
        if (effects.Proposal is { } proposal)
        {
            Propose(node, proposal);
        }
    }

    /// <summary>
    /// The sender hears the end of a proposal once: the response, or after a while that there was none; then the response no longer counts.
    /// </summary>
    private void Propose(Node node, IsrProposal proposal)
    {
        int incarnation = node.Incarnation;
        BrokerEpoch epoch = node.Replica.RegisteredAs;
        bool ended = false;
        void End(IsrResponse response)
        {
            if (!ended && node.Incarnation == incarnation)
            {
                ended = true;
                node.Replica.OnResponse(_now, proposal, response);
            }
        }

        Send(
            node,
            null,
            () =>
            {
                IsrResponse response = _chance.PerMille(20)
                    ? IsrResponse.Failed(ErrorCode.NotController)
                    : _controller.Alter(node.Replica.Node, epoch, proposal);
                Send(node, null, () => End(response));
            }
        );
        In(ResponseTimeoutMs, () => End(IsrResponse.Failed(ErrorCode.RequestTimedOut)));
    }

    // The data plane.

    private void Pump(Node node)
    {
        Acknowledge(node);
        Flush(node);
        Fetch(node);
    }

    private void Flush(Node node)
    {
        DataLog log = node.Replica.Log;
        if (node.Flushing || log.DurableEnd == log.End)
        {
            return;
        }

        node.Flushing = true;
        int incarnation = node.Incarnation;
        int end = log.End;
        int generation = log.Generation;
        In(
            _chance.Between(1, _options.FlushMs),
            () =>
            {
                if (node.Incarnation == incarnation)
                {
                    node.Flushing = false;
                    node.Replica.Flushed(_now, end, generation);
                    Pump(node);
                }
            }
        );
    }

    private void Fetch(Node node)
    {
        if (node.Fetching || node.Replica.NextFetch() is not { } fetch || node.Replica.Core.Role is not PartitionFollowerRole follower)
        {
            return;
        }

        node.Fetching = true;
        int fetching = node.Incarnation;
        Node leader = _nodes[follower.Leader.Value];
        int serving = leader.Incarnation;
        BrokerEpoch epoch = node.Replica.RegisteredAs;
        bool ended = false;
        void End(DataResponse? response)
        {
            if (!ended && node.Incarnation == fetching)
            {
                ended = true;
                node.Fetching = false;
                if (response is not null)
                {
                    node.Replica.Take(_now, response);
                    Pump(node);
                }
            }
        }

        Send(
            node,
            leader,
            () =>
            {
                if (leader.Up && leader.Incarnation == serving)
                {
                    DataResponse response = leader.Replica.Serve(_now, node.Replica.Node, epoch, fetch, _options.MostEntries);
                    Acknowledge(leader);
                    Send(leader, node, () => End(response));
                }
            }
        );

        // The follower gives up on a connection at a time of its own; its request may still be executed.
        In(_chance.Between(100, 1_000), () => End(null));
    }

    private void Produce(Producer producer)
    {
        if (_faulty)
        {
            In(_chance.Between(1, 2 * _options.ProduceEveryMs), () => Produce(producer));
        }

        if (producer.Pending is { } pending && _now < pending.GiveUpMs)
        {
            return;
        }

        Node node = _nodes[_chance.Next(_nodes.Length)];
        if (!node.Up || !node.Replica.Leads)
        {
            return;
        }

        // A retry names the same sequence; a leader that has it does not append it again, and answers when the first one is committed.
        int sequence = producer.Pending?.Sequence ?? ++producer.Sequence;
        producer.Pending = (sequence, _now + _chance.Between(20, 400));
        int known = node.Replica.Log.Find(producer.Id, sequence);
        if (known < 0)
        {
            if (node.Replica.Append(_now, producer.Id, sequence) != ErrorCode.None)
            {
                return;
            }

            known = node.Replica.Log.End - 1;
        }

        node.Waiting.Add((producer, sequence, known, node.Replica.Core.Role.Epoch));
        Pump(node);
    }

    private void Acknowledge(Node node)
    {
        for (int i = node.Waiting.Count - 1; i >= 0; i--)
        {
            (Producer producer, int sequence, int offset, LeaderEpoch epoch) = node.Waiting[i];
            CommitVerdict verdict = node.Replica.Core.CheckCommitted(new Offset(offset + 1), epoch);
            if (verdict == CommitVerdict.Waiting)
            {
                continue;
            }

            node.Waiting.RemoveAt(i);
            if (verdict == CommitVerdict.Committed)
            {
                _witness.Look(_replicas);
                _witness.Acked(producer.Id, sequence, offset);
                if (producer.Pending?.Sequence == sequence)
                {
                    producer.Pending = null;
                }
            }
        }
    }

    private sealed class Node(DataReplica replica)
    {
        public DataReplica Replica { get; } = replica;

        public List<(Producer Producer, int Sequence, int Offset, LeaderEpoch Epoch)> Waiting { get; } = [];

        public bool Up { get; set; }

        public bool Cut { get; set; }

        public int Incarnation { get; set; }

        public int? RegisteredIncarnation { get; set; }

        public int Replayed { get; set; } = -1;

        public long LastHeartbeatMs { get; set; }

        public bool Fetching { get; set; }

        public bool Flushing { get; set; }
    }

    private sealed class Producer(int id)
    {
        public int Id { get; } = id;

        public int Sequence { get; set; }

        public (int Sequence, long GiveUpMs)? Pending { get; set; }
    }
}
