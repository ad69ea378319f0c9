using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// The cores of the protocol together, from one seed, in virtual time, on one thread: a metadata quorum with its controller, and partitions
/// that are led, followed, fenced and elected by what it commits; producers, consumers, and all that can happen to them. No codec and no
/// files: logs and disks are models, decisions are the shipped ones.
/// <para>
/// Claim: whatever is killed, loses its power, is cut off, held, delayed or lost, in any number, nothing that was acknowledged or shown is
/// lost or changed; and when faults end, everything agrees and goes on.
/// </para>
/// </summary>
internal sealed class CoreWorld : IQuorumWorld
{
    public const string Topic = "t";
    private const int TraceLines = 300;
    private const int ConvergenceLimitMs = 30_000;
    private const int CalmMs = 3_000;

    private readonly EventQueue _events;
    private readonly CommittedMetadata _truth = new();
    private readonly CoreNode[] _nodes;
    private readonly PartitionWitness[] _witnesses;
    private readonly List<DataReplica>[] _replicas;
    private readonly bool[] _touched;
    private readonly CoreNemesis _nemesis;
    private readonly List<CoreProducer> _producers = [];
    private readonly List<CoreConsumer> _consumers = [];
    private readonly Queue<string> _trace = new();
    private readonly Action<string>? _alsoTo;
    private MetadataImage _noted = MetadataImage.Empty;

    public CoreWorld(ulong seed, CoreOptions? options = null, Action<string>? trace = null)
    {
        var root = new SimRandom(seed);
        _alsoTo = trace;
        Options = options ?? CoreOptions.Draw(root);
        Chance = new Chance(root.Split("world"));
        _events = new EventQueue(new Chance(root.Split("order")));
        Network = new CoreNetwork(new Chance(root.Split("network")), Options.Link, In);
        Witness = new QuorumWitness(Options.Voters, Lies) { OnCommitted = _truth.Committed };
        int partitions = Options.Partitions;
        _witnesses = [.. Enumerable.Range(0, partitions).Select(partition => new PartitionWitness(_truth.Of(Topic, partition)))];
        _touched = new bool[partitions];
        VoterSet voters = VoterSet.OfIds(Enumerable.Range(1, Options.Voters));
        _nodes = [.. Enumerable.Range(1, Options.Nodes).Select(number => new CoreNode(this, number, voters))];
        _replicas =
        [
            .. Enumerable
                .Range(0, partitions)
                .Select(partition => AssignedTo(partition).Select(id => Node(id).Partitions[partition].Replica).ToList()),
        ];
        _nemesis = new CoreNemesis(this, new Chance(root.Split("faults")));
        for (int each = 0; each < Options.Producers; each++)
        {
            _producers.Add(new CoreProducer(this, each, new Chance(root.Split("producer", each))));
        }

        for (int partition = 0; partition < partitions; partition++)
        {
            _consumers.Add(new CoreConsumer(this, partition, new Chance(root.Split("consumer", partition))));
        }
    }

    public CoreOptions Options { get; }

    public long NowMs { get; private set; }

    public Chance Chance { get; }

    public CoreNetwork Network { get; }

    public QuorumWitness Witness { get; }

    public ShellLies Lies => default;

    public IReadOnlyList<CoreNode> Nodes => _nodes;

    /// <summary>What the quorum has committed.</summary>
    public MetadataImage Committed => _truth.Image;

    /// <summary>The hash of everything that happened.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    public long Events { get; private set; }

    public int Faults => _nemesis.Faults;

    public int Operations => _producers.Sum(each => each.Operations) + _consumers.Sum(each => each.Polls);

    public int Acknowledged => _witnesses.Sum(each => each.Acknowledged);

    /// <summary>How often a broker was fenced.</summary>
    public int Fencings { get; private set; }

    /// <summary>True once the topic is committed.</summary>
    public bool HasTopic => Committed.Topics.TryGet(Topic, out _);

    public CoreNode Node(NodeId id) => _nodes[id.Value - 1];

    public PartitionWitness WitnessOf(int partition) => _witnesses[partition];

    public IReadOnlyList<DataReplica> ReplicasOf(int partition) => _replicas[partition];

    /// <summary>Something of this partition has changed: it is looked at after the event.</summary>
    public void Touch(int partition) => _touched[partition] = true;

    /// <summary>The active controller, where there is one.</summary>
    public CoreNode? ActiveController => Array.Find(_nodes, node => node.IsUp && node.Controller.IsActive);

    /// <summary>Starts all nodes and has a client create the topic.</summary>
    public void Begin()
    {
        foreach (CoreNode node in _nodes)
        {
            node.Start();
        }

        CreateTopic();
    }

    /// <summary>The whole run: faults, peace, and what must be true then.</summary>
    public void Run()
    {
        Begin();
        _producers.ForEach(each => each.Begin());
        _consumers.ForEach(each => each.Begin());
        _nemesis.Begin();
        RunFor(Options.FaultyMs);
        _nemesis.Stop();
        RunFor(Options.HealedMs / 3);
        _producers.ForEach(each => each.Stop());
        Reach(HasConverged, ConvergenceLimitMs, WhyNotConverged);
        RunFor(1_000);
        int elections = Witness.Elections;
        int fenced = Fencings;
        RunFor(Math.Max(CalmMs, Options.FaultyMs + Options.HealedMs - NowMs));
        AlarmException.Unless(Witness.Elections == elections, "calm-after-healing", $"the quorum elects though all is well");
        AlarmException.Unless(Fencings == fenced, "calm-after-healing", $"brokers are fenced though all is well");
        CheckEnd();
    }

    public void RunFor(long ms)
    {
        long until = NowMs + ms;
        while (_events.HasUntil(until))
        {
            Step();
        }

        NowMs = until;
    }

    /// <summary>Runs until something is true; an alarm when it does not become true in time.</summary>
    public void Reach(Func<bool> goal, long limitMs, Func<string> otherwise)
    {
        long until = NowMs + limitMs;
        while (!goal())
        {
            long before = NowMs;
            AlarmException.Unless(before < until, "liveness", $"{otherwise()}, {limitMs} ms after everything was healed");
            RunFor(50);
        }
    }

    public void At(long atMs, Action action) => _events.Add(atMs, action);

    public void In(long delayMs, Action action) => At(NowMs + delayMs, action);

    public int DiskDelay() => Chance.PerMille(300) ? 0 : Chance.Next(0, Options.DiskMs);

    public int FetchWait() => 500;

    public int MostFetched => Options.MostMetadata;

    public void Send(QuorumReplica from, long requestId, NodeId to, RaftRequest request) =>
        Network.ApplyEffects(from, requestId, Node(to).Quorum, request);

    public void Say(string line)
    {
        foreach (char each in line)
        {
            Hash = (Hash ^ each) * 1099511628211;
        }

        if (_trace.Count >= TraceLines)
        {
            _trace.Dequeue();
        }

        string stamped = $"{NowMs, 6} {line}";
        _trace.Enqueue(stamped);
        _alsoTo?.Invoke(stamped);
    }

    /// <summary>
    /// A request from node to node and its response. The end is told once: the response, or null when none came in time. What was given up
    /// may still be executed.
    /// </summary>
    public void Call<T>(CoreNode from, CoreNode to, int timeoutMs, Action<CoreNode, Action<T?>> serve, Action<T?> end)
        where T : class
    {
        int incarnation = from.Incarnation;
        Exchange(from.Id.Value, to, timeoutMs, serve, response => from.Run(incarnation, () => end(response)));
    }

    /// <summary>A request from a client, which never ends before the run does.</summary>
    public void Exchange<T>(int from, CoreNode to, int timeoutMs, Action<CoreNode, Action<T?>> serve, Action<T?> end)
        where T : class
    {
        int id = to.Id.Value;
        int serving = to.Incarnation;
        bool ended = false;
        void End(T? response)
        {
            if (!ended)
            {
                ended = true;
                end(response);
            }
        }

        In(timeoutMs, () => End(null));
        if (from != id && Network.IsLost(from, id))
        {
            return;
        }

        In(
            Network.Delay(),
            () =>
                to.Run(
                    serving,
                    () =>
                        serve(
                            to,
                            response =>
                            {
                                if (to.Incarnation == serving && (from == id || !Network.IsLost(id, from)))
                                {
                                    In(Network.Delay(), () => End(response));
                                }
                            }
                        )
                )
        );
    }

    /// <summary>Connects to a broker to see whether its process is there: rejected, or evidence of nothing.</summary>
    public void Probe(CoreNode from, NodeId broker, Action<bool> ended)
    {
        CoreNode target = Node(broker);
        int incarnation = from.Incarnation;
        bool isSilent =
            Network.IsCut(from.Id.Value, broker.Value) || Network.IsCut(broker.Value, from.Id.Value) || (!target.IsUp && target.IsDark);
        In(
            isSilent ? 500 : Network.Delay(),
            () =>
            {
                bool rejected = !isSilent && !(target.IsUp && target.IsServing);
                from.Run(incarnation, () => ended(rejected));
            }
        );
    }

    /// <summary>A process has ended: whoever was connected to it sees its connections end, unless the whole machine went dark.</summary>
    public void ProcessEnded(CoreNode gone)
    {
        foreach (CoreNode other in _nodes)
        {
            bool sees =
                other != gone
                && !gone.IsDark
                && !Network.IsCut(gone.Id.Value, other.Id.Value)
                && !Network.IsCut(other.Id.Value, gone.Id.Value);
            if (sees)
            {
                int incarnation = other.Incarnation;
                In(
                    Chance.Next(1, 10),
                    () =>
                        other.Run(
                            incarnation,
                            () =>
                            {
                                if (!gone.IsUp)
                                {
                                    other.Quorum.Input((core, now) => core.PeerGone(now, gone.Id));
                                }

                                other.Controller.ConnectionLost(gone.Id);
                            }
                        )
                );
            }
        }
    }

    /// <summary>The leader and epoch of a partition as some node that runs tells them; no leader when it knows none.</summary>
    public (CoreNode? Leader, LeaderEpoch Epoch) Ask(int partition, Chance chance)
    {
        CoreNode source = _nodes[chance.Next(_nodes.Length)];
        return
            source.IsUp
            && source.Replayer.Image.Topics.TryGet(Topic, out TopicImage? topic)
            && topic.Partitions.TryGetValue(partition, out PartitionRegistration? known)
            && known.HasLeader
            ? (Node(known.Leader), known.LeaderEpoch)
            : (null, LeaderEpoch.None);
    }

    /// <summary>What helps to find the cause of an alarm.</summary>
    public string Explain() => $"{Options}\n{string.Join('\n', _trace)}";

    private void Step()
    {
        Action action = _events.Take(out long atMs, out ulong order);
        NowMs = Math.Max(NowMs, atMs);
        Events++;
        Hash = (Hash ^ order) * 1099511628211;
        action();
        if (_truth.TakeUpdates())
        {
            NoteCommitted();
            Array.Fill(_touched, true);
        }

        for (int partition = 0; partition < _touched.Length; partition++)
        {
            if (_touched[partition])
            {
                _touched[partition] = false;
                _witnesses[partition].Look(_replicas[partition]);
            }
        }
    }

    private void NoteCommitted()
    {
        MetadataImage image = Committed;
        foreach ((NodeId id, BrokerRegistration broker) in image.Brokers)
        {
            bool wasActive = _noted.Brokers.TryGetValue(id, out BrokerRegistration? before) && !before.Fenced;
            if (wasActive && broker.Fenced)
            {
                Fencings++;
                Say($"broker {id} is fenced");
            }
        }

        if (image.Topics.TryGet(Topic, out TopicImage? topic))
        {
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                if (!_noted.Topics.TryGetPartition(topic.Id, index, out PartitionRegistration? before) || before != partition)
                {
                    Say(
                        $"partition {index} is led by {partition.Leader} in epoch {partition.LeaderEpoch}, in sync {partition.Isr}, "
                            + $"version {partition.PartitionEpoch}"
                    );
                }
            }
        }

        _noted = image;
    }

    private IEnumerable<NodeId> AssignedTo(int partition) =>
        Enumerable.Range(0, Options.ReplicationFactor).Select(place => new NodeId(1 + ((partition + place) % Options.Nodes)));

    private void CreateTopic()
    {
        if (HasTopic)
        {
            return;
        }

        CreateTopicsRequest request = new();
        CreateTopicsRequest.CreatableTopic topic = new()
        {
            Name = Topic,
            NumPartitions = -1,
            ReplicationFactor = -1,
        };
        for (int partition = 0; partition < Options.Partitions; partition++)
        {
            topic.Assignments.Add(new() { PartitionIndex = partition, BrokerIds = [.. AssignedTo(partition)] });
        }

        request.Topics.Add(topic);
        bool allAreThere = Committed.Brokers.Count == Options.Nodes && Committed.Brokers.Values.All(broker => !broker.Fenced);
        if (allAreThere && ActiveController is { } controller)
        {
            Exchange<CreateTopicsResponse>(
                0,
                controller,
                500,
                (node, response) => node.Controller.Decide((each, _, _) => each.CreateTopics(request), response),
                static _ => { }
            );
        }

        In(200, CreateTopic);
    }

    private bool HasConverged()
    {
        for (int partition = 0; partition < _witnesses.Length; partition++)
        {
            if (!_witnesses[partition].HasConverged(_replicas[partition]))
            {
                return false;
            }
        }

        return HasTopic
            && ActiveController is not null
            && _producers.TrueForAll(each => each.IsIdle)
            && Array.TrueForAll(_nodes, node => node.Quorum.Core is { } core && core.HighWatermark.Value == Witness.Committed)
            && Committed.Brokers.Values.All(broker => !broker.Fenced);
    }

    private string WhyNotConverged()
    {
        List<string> reasons = [];
        foreach (CoreNode node in _nodes)
        {
            reasons.Add(
                $"{node.Id}: {node.Quorum.Core?.Role.GetType().Name} {node.Quorum.Core?.Role.Epoch} committed "
                    + $"{node.Quorum.Core?.HighWatermark} of {Witness.Committed}, registered {node.RegisteredAs}"
            );
        }

        for (int partition = 0; partition < _witnesses.Length; partition++)
        {
            reasons.Add($"partition {partition}: {_witnesses[partition].Describe(_replicas[partition])}");
        }

        return $"the cluster has not converged ({string.Join("; ", reasons)}; producers wait: {_producers.Count(each => !each.IsIdle)})";
    }

    /// <summary>Every node believes what was committed, and nothing was appended twice.</summary>
    private void CheckEnd()
    {
        Reach(HasConverged, CalmMs, WhyNotConverged);
        foreach (CoreNode node in _nodes)
        {
            AlarmException.Unless(
                node.Replayer.Image.SaysTheSameAs(Committed),
                "images-agree",
                $"{node.Id} believes something else than what was committed"
            );
        }

        foreach (PartitionWitness witness in _witnesses)
        {
            witness.CheckNoDuplicates();
        }
    }
}
