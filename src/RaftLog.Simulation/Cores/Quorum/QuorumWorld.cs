using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>What a seed draws for its world.</summary>
internal sealed record QuorumFaults
{
    public int Voters { get; init; } = 3;

    public int Observers { get; init; }

    public LinkFaults Link { get; init; } = new(Loss: 0, Duplicates: 0, MaxDelayMs: 5, Late: 0, LatestMs: 5000);

    public int MaxDiskDelayMs { get; init; } = 4;

    public int CrashPerThousand { get; init; }

    public int PartitionPerThousand { get; init; }

    public int PausePerThousand { get; init; }

    public int SnapshotPerThousand { get; init; }

    public int ResignPerThousand { get; init; }

    /// <summary>
    /// True when one voter of three or more loses its disk for good: a node declines to start on an empty one, so it stays away.
    /// </summary>
    public bool LosesADisk { get; init; }

    public bool TellsPeerGone { get; init; } = true;

    /// <summary>Promises that the shells break.</summary>
    public ShellLies Lies { get; init; }

    public static QuorumFaults Draw(Chance chance) =>
        new()
        {
            Voters = chance.Next(1, 6),
            Observers = chance.Next(0, 3),
            Link = new LinkFaults(
                Loss: chance.PerMille(500) ? chance.Next(0, 150) : 0,
                Duplicates: chance.PerMille(500) ? chance.Next(0, 200) : 0,
                MaxDelayMs: chance.Next(1, 40),
                Late: chance.PerMille(500) ? chance.Next(0, 50) : 0,
                LatestMs: 5000
            ),
            MaxDiskDelayMs = chance.Next(1, 60),
            CrashPerThousand = chance.PerMille(800) ? chance.Next(5, 80) : 0,
            PartitionPerThousand = chance.PerMille(600) ? chance.Next(5, 60) : 0,
            PausePerThousand = chance.PerMille(400) ? chance.Next(2, 30) : 0,
            SnapshotPerThousand = chance.PerMille(600) ? chance.Next(5, 80) : 0,
            ResignPerThousand = chance.PerMille(300) ? chance.Next(2, 20) : 0,
            TellsPeerGone = chance.PerMille(700),
            LosesADisk = chance.PerMille(200),
        };
}

/// <summary>Nodes, a network and virtual time on one thread from one seed; checks after every event what must always hold.</summary>
internal sealed partial class QuorumWorld : IQuorumWorld
{
    private readonly EventQueue _events;
    private readonly Queue<string> _trace = [];
    private QuorumFaults _faults;
    private QuorumReplica? _wiped;

    public QuorumWorld(ulong seed, QuorumFaults? faults = null)
    {
        Seed = seed;
        Chance = new Chance(seed);
        _events = new EventQueue(Chance);
        _faults = faults ?? QuorumFaults.Draw(Chance);
        Network = new CoreNetwork(Chance, _faults.Link, (delay, action) => At(NowMs + delay, action));
        Witness = new QuorumWitness(_faults.Voters, _faults.Lies);
        VoterSet voters = VoterSet.OfIds(Enumerable.Range(1, _faults.Voters));
        Nodes =
        [
            .. Enumerable
                .Range(1, _faults.Voters + _faults.Observers)
                .Select(id => new QuorumReplica(this, new RaftConfig(new ReplicaKey(new NodeId(id), new Uuid(7, (ulong)id)), voters))),
        ];
    }

    public ulong Seed { get; }

    public Chance Chance { get; }

    public CoreNetwork Network { get; }

    public QuorumWitness Witness { get; }

    /// <summary>The hash of everything that happened.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    public ShellLies Lies => _faults.Lies;

    public List<QuorumReplica> Nodes { get; }

    public long NowMs { get; private set; }

    public int Events { get; private set; }

    public int Committed => Witness.Committed;

    public int Elections => Witness.Elections;

    public QuorumReplica Node(int id) => Nodes[id - 1];

    public QuorumReplica? Leader =>
        Nodes.Where(node => node.Core is not null && node.Leads is not null).MaxBy(node => node.Leads!.Value.Value);

    /// <summary>The nodes that can run.</summary>
    private IEnumerable<QuorumReplica> Started => Nodes.Where(node => node.Core is not null);

    public void StartAll()
    {
        foreach (QuorumReplica node in Nodes.Where(node => node.Core is null))
        {
            Start(node);
        }
    }

    /// <summary>Starts a node, if it has a directory that was formatted: the cluster is not new any more.</summary>
    public void Start(QuorumReplica node)
    {
        bool rejects = node == _wiped;
        SeededBugStartsEmpty(ref rejects);
        if (!rejects)
        {
            node.Start();
        }
    }

    static partial void SeededBugStartsEmpty(ref bool rejects);

    public void At(long atMs, Action action) => _events.Add(atMs, action);

    public void Every(int meanMs, Action action) =>
        At(
            NowMs + Chance.Next(1, 2 * meanMs),
            () =>
            {
                action();
                Every(meanMs, action);
            }
        );

    public int DiskDelay() => Chance.PerMille(300) ? 0 : Chance.Next(0, _faults.MaxDiskDelayMs);

    public int FetchWait() => Chance.Next(20, 200);

    public int MostFetched => 5;

    public void RunFor(long ms)
    {
        long until = NowMs + ms;
        while (_events.HasUntil(until))
        {
            Step();
        }

        NowMs = until;
    }

    public bool RunUntil(Func<bool> condition, long limitMs)
    {
        long until = NowMs + limitMs;
        while (!condition())
        {
            if (!_events.HasUntil(until))
            {
                return false;
            }

            Step();
        }

        return true;
    }

    public void Step()
    {
        Action action = _events.Take(out long atMs, out ulong order);
        NowMs = Math.Max(NowMs, atMs);
        Events++;
        Hash = (Hash ^ order) * 1099511628211;
        try
        {
            action();
        }
        catch (Exception broken) when (broken is InvariantException or AlarmException)
        {
            Fail(broken.Message);
        }
    }

    public void Isolate(int id)
    {
        foreach (QuorumReplica other in Nodes.Where(other => other.Id.Value != id))
        {
            Network.Cut(id, other.Id.Value);
            Network.Cut(other.Id.Value, id);
        }
    }

    public void Kill(int id)
    {
        QuorumReplica node = Node(id);
        node.Crash();
        if (!_faults.TellsPeerGone)
        {
            return;
        }

        foreach (QuorumReplica other in Nodes.Where(other => other != node))
        {
            int incarnation = other.Incarnation;
            At(
                NowMs + Chance.Next(1, 10),
                () =>
                {
                    if (
                        other.Incarnation == incarnation
                        && node.Core is null
                        && !Network.IsCut(id, other.Id.Value)
                        && !Network.IsCut(other.Id.Value, id)
                    )
                    {
                        other.Input((core, now) => core.PeerGone(now, node.Id));
                    }
                }
            );
        }
    }

    public void Send(QuorumReplica from, long requestId, NodeId to, RaftRequest request) =>
        Network.ApplyEffects(from, requestId, Node(to.Value), request);

    /// <summary>Random faults until so many events have happened; then everything is healed.</summary>
    public void RunChaos(int events)
    {
        StartAll();
        bool isOn = true;
        void During(int meanMs, int perThousand, Action action)
        {
            if (perThousand > 0)
            {
                Every(
                    meanMs,
                    () =>
                    {
                        if (isOn && Chance.PerMille(perThousand))
                        {
                            action();
                        }
                    }
                );
            }
        }

        Every(25, () => Leader?.Propose());
        Every(40, () => Any().Propose());
        During(
            20,
            _faults.CrashPerThousand,
            () =>
            {
                QuorumReplica node = Chance.PerMille(400) && Leader is { } leader ? leader : Any();
                if (node.Core is not null)
                {
                    Kill(node.Id.Value);
                    if (_faults.LosesADisk && _faults.Voters >= 3 && _wiped is null && node.Config.IsVoter && Chance.PerMille(200))
                    {
                        Say($"{node.Id} loses its disk");
                        _wiped = node;
                        node.Disk.Wipe();
                    }

                    At(
                        NowMs + (Chance.PerMille(500) ? Chance.Next(1, 100) : Chance.Next(1, 4000)),
                        () =>
                        {
                            if (node.Core is null)
                            {
                                Start(node);
                            }
                        }
                    );
                }
            }
        );
        During(
            20,
            _faults.PartitionPerThousand,
            () =>
            {
                switch (Chance.Next(4))
                {
                    case 0:
                        Isolate(Any().Id.Value);
                        break;
                    case 1:
                        Network.Cut(Any().Id.Value, Any().Id.Value);
                        break;
                    case 2 when Leader is { } leader:
                        Isolate(leader.Id.Value);
                        break;
                    default:
                        Network.Heal();
                        break;
                }
            }
        );
        During(
            20,
            _faults.PausePerThousand,
            () =>
            {
                QuorumReplica node = Chance.PerMille(500) && Leader is { } leader ? leader : Any();
                if (node is { Core: not null, IsPaused: false })
                {
                    node.Pause();
                    At(NowMs + Chance.Next(1, 8000), node.Resume);
                }
            }
        );
        During(20, _faults.SnapshotPerThousand, () => TakeSnapshot(Any(), truncatesFront: Chance.PerMille(700)));
        During(50, _faults.ResignPerThousand, () => Leader?.Input((core, now) => core.Resign(now)));
        while (Events < events)
        {
            Step();
        }

        isOn = false;
        _faults = _faults with { MaxDiskDelayMs = 3 };
        Network.Faults = new LinkFaults(Loss: 0, Duplicates: 0, MaxDelayMs: 3, Late: 0, LatestMs: 1);
        Network.Heal();
        foreach (QuorumReplica node in Nodes.Where(node => node.IsPaused))
        {
            node.Resume();
        }

        StartAll();
    }

    /// <summary>After healing: a leader within a bounded time, no other election, everything committed everywhere.</summary>
    public void CheckLiveness()
    {
        long lost = Committed;
        RunUntil(() => Leader is not null && Started.All(node => node.Core!.HighWatermark.Value > lost), 12_000);
        int elections = Elections;
        int committed = Committed;
        RunFor(3_000);
        Check(Leader is not null, "there is no leader though all is well");
        Check(Committed > committed, "nothing is committed any more though all is well");
        Check(Elections == elections, "the leader changes though all is well");
        long reached = Committed;
        Check(
            RunUntil(() => Started.All(node => node.Core!.HighWatermark.Value >= reached), 3_000),
            $"not every node gets to {reached}: "
                + $"{string.Join(", ", Started.Select(node => $"{node.Id} {node.Core!.Role.GetType().Name} {node.Core.HighWatermark}"))}"
        );
    }

    public void Say(string line)
    {
        if (_trace.Count >= 80)
        {
            _trace.Dequeue();
        }

        _trace.Enqueue($"{NowMs} {line}");
    }

    public static void TakeSnapshot(QuorumReplica node, bool truncatesFront) =>
        node.TakeSnapshot(node.Core?.HighWatermark ?? Offset.Zero, content: null, truncatesFront);

    public void Check(bool holds, string meaning)
    {
        if (!holds)
        {
            Fail($"liveness: {meaning}");
        }
    }

    private QuorumReplica Any() => Nodes[Chance.Next(Nodes.Count)];

    private void Fail(string meaning) =>
        throw new AlarmException(
            meaning.Split(':')[0],
            $"{meaning[(meaning.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()}\nseed {Seed}, event {Events}, {NowMs} ms\n"
                + $"{_faults}\n{string.Join('\n', _trace)}"
        );
}
