using RaftLog.Protocol;

namespace RaftLog.Raft.Tests.Simulation;

/// <summary>What a run found to be wrong.</summary>
internal sealed class SimViolation(string message) : Exception(message);

/// <summary>What a seed draws for its world.</summary>
internal sealed record SimFaults
{
    public int Voters { get; init; } = 3;

    public int Observers { get; init; }

    public int LossPerThousand { get; init; }

    public int DuplicatePerThousand { get; init; }

    public int MaxDelayMs { get; init; } = 5;

    public int LateDelayPerThousand { get; init; }

    public int MaxDiskDelayMs { get; init; } = 4;

    public int CrashPerThousand { get; init; }

    public int PartitionPerThousand { get; init; }

    public int PausePerThousand { get; init; }

    public int SnapshotPerThousand { get; init; }

    public int ResignPerThousand { get; init; }

    public bool TellsPeerGone { get; init; } = true;

    /// <summary>A shell that reports an election state as written before it is.</summary>
    public bool LiesAboutVotes { get; init; }

    /// <summary>A shell that reports a log as flushed before it is.</summary>
    public bool LiesAboutFlushes { get; init; }

    /// <summary>A shell that starts a voter on an empty directory after a crash.</summary>
    public bool WipesDisks { get; init; }

    /// <summary>True when a broken promise is a violation in itself, not only what follows from it.</summary>
    public bool ChecksPromises => !LiesAboutVotes && !LiesAboutFlushes && !WipesDisks;

    public static SimFaults Draw(SeededRandom random) => new()
    {
        Voters = random.Next(1, 6),
        Observers = random.Next(0, 3),
        LossPerThousand = random.Chance(500) ? random.Next(0, 150) : 0,
        DuplicatePerThousand = random.Chance(500) ? random.Next(0, 200) : 0,
        MaxDelayMs = random.Next(1, 40),
        LateDelayPerThousand = random.Chance(500) ? random.Next(0, 50) : 0,
        MaxDiskDelayMs = random.Next(1, 60),
        CrashPerThousand = random.Chance(800) ? random.Next(5, 80) : 0,
        PartitionPerThousand = random.Chance(600) ? random.Next(5, 60) : 0,
        PausePerThousand = random.Chance(400) ? random.Next(2, 30) : 0,
        SnapshotPerThousand = random.Chance(600) ? random.Next(5, 80) : 0,
        ResignPerThousand = random.Chance(300) ? random.Next(2, 20) : 0,
        TellsPeerGone = random.Chance(700),
    };
}

/// <summary>Nodes, a network and virtual time on one thread from one seed; checks after every event what must always hold.</summary>
internal sealed class SimCluster
{
    private readonly PriorityQueue<Action, (long AtMs, ulong Tie)> _events = new();
    private readonly Dictionary<(int From, int To), bool> _cut = [];
    private readonly Dictionary<int, NodeId> _leaders = [];
    private readonly Dictionary<(int Epoch, long Offset), ulong> _entries = [];
    private readonly List<ulong> _committed = [0];
    private readonly List<LeaderEpoch> _committedIn = [LeaderEpoch.None];
    private readonly Queue<string> _trace = [];
    private SimFaults _faults;
    private long _lastValue;

    public SimCluster(ulong seed, SimFaults? faults = null)
    {
        Seed = seed;
        Random = new SeededRandom(seed);
        _faults = faults ?? SimFaults.Draw(Random);
        VoterSet voters = VoterSet.OfIds(Enumerable.Range(1, _faults.Voters));
        Nodes = [.. Enumerable.Range(1, _faults.Voters + _faults.Observers)
            .Select(id => new SimNode(this, new RaftConfig(new ReplicaKey(new NodeId(id), new Uuid(7, (ulong)id)), voters)))];
    }

    public ulong Seed { get; }

    public SeededRandom Random { get; }

    public List<SimNode> Nodes { get; }

    public long NowMs { get; private set; }

    public int Events { get; private set; }

    public int Committed => _committed.Count - 1;

    public int Elections => _leaders.Count;

    public SimFaults Faults => _faults;

    public SimNode Node(int id) => Nodes[id - 1];

    public SimNode? Leader => Nodes.Where(node => node.Core is not null && node.Leads is not null).MaxBy(node => node.Leads!.Value.Value);

    public long NextValue() => ++_lastValue;

    public void StartAll()
    {
        foreach (SimNode node in Nodes.Where(node => node.Core is null))
        {
            node.Start();
        }
    }

    public void At(long atMs, Action action) => _events.Enqueue(action, (atMs, Random.NextBits()));

    public void Every(int meanMs, Action action) => At(NowMs + Random.Next(1, 2 * meanMs), () =>
    {
        action();
        Every(meanMs, action);
    });

    public int DiskDelay() => Random.Chance(300) ? 0 : Random.Next(0, _faults.MaxDiskDelayMs);

    public void RunFor(long ms)
    {
        long until = NowMs + ms;
        while (_events.TryPeek(out _, out (long AtMs, ulong Tie) next) && next.AtMs <= until)
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
            if (!_events.TryPeek(out _, out (long AtMs, ulong Tie) next) || next.AtMs > until)
            {
                return false;
            }

            Step();
        }

        return true;
    }

    public void Step()
    {
        Action action = _events.TryDequeue(out Action? due, out (long AtMs, ulong Tie) at) ? due : throw new SimViolation("nothing more will ever happen");
        NowMs = Math.Max(NowMs, at.AtMs);
        Events++;
        try
        {
            action();
        }
        catch (InvariantException broken)
        {
            Fail(broken.Message);
        }
    }

    public void Cut(int from, int to) => _cut[(from, to)] = true;

    public void Isolate(int id)
    {
        foreach (SimNode other in Nodes.Where(other => other.Id.Value != id))
        {
            Cut(id, other.Id.Value);
            Cut(other.Id.Value, id);
        }
    }

    public void Heal() => _cut.Clear();

    public void Kill(int id)
    {
        SimNode node = Node(id);
        node.Crash();
        if (!_faults.TellsPeerGone)
        {
            return;
        }

        foreach (SimNode other in Nodes.Where(other => other != node))
        {
            int incarnation = other.Incarnation;
            At(NowMs + Random.Next(1, 10), () =>
            {
                if (other.Incarnation == incarnation && node.Core is null && !IsCut(id, other.Id.Value) && !IsCut(other.Id.Value, id))
                {
                    other.Input((core, now) => core.PeerGone(now, node.Id));
                }
            });
        }
    }

    public void Send(SimNode from, long requestId, NodeId to, RaftRequest request)
    {
        SimNode target = Node(to.Value);
        int sender = from.Incarnation;
        int copies = Random.Chance(_faults.DuplicatePerThousand) ? 2 : 1;
        for (int copy = 0; copy < copies; copy++)
        {
            if (IsLost(from.Id.Value, to.Value))
            {
                Fails(from, sender, requestId);
                continue;
            }

            At(NowMs + Delay(), () =>
            {
                if (target.Core is null)
                {
                    Fails(from, sender, requestId);
                    return;
                }

                int receiver = target.Incarnation;
                target.Receive(request, (reply, payload) =>
                {
                    if (IsLost(to.Value, from.Id.Value))
                    {
                        Fails(from, sender, requestId);
                        return;
                    }

                    At(NowMs + Delay(), () =>
                    {
                        if (from.Incarnation == sender && target.Incarnation == receiver)
                        {
                            from.ReceiveReply(requestId, reply, payload);
                        }
                    });
                });
            });
        }
    }

    /// <summary>Random faults until so many events have happened; then everything is healed.</summary>
    public void RunChaos(int events)
    {
        StartAll();
        bool isOn = true;
        void During(int meanMs, int perThousand, Action action)
        {
            if (perThousand > 0)
            {
                Every(meanMs, () =>
                {
                    if (isOn && Random.Chance(perThousand))
                    {
                        action();
                    }
                });
            }
        }

        Every(25, () => Leader?.Propose(NextValue()));
        Every(40, () => Any().Propose(NextValue()));
        During(20, _faults.CrashPerThousand, () =>
        {
            SimNode node = Random.Chance(400) && Leader is { } leader ? leader : Any();
            if (node.Core is not null)
            {
                Kill(node.Id.Value);
                At(NowMs + (Random.Chance(500) ? Random.Next(1, 100) : Random.Next(1, 4000)), () =>
                {
                    if (node.Core is null)
                    {
                        node.Start();
                    }
                });
            }
        });
        During(20, _faults.PartitionPerThousand, () =>
        {
            switch (Random.Below(4))
            {
                case 0:
                    Isolate(Any().Id.Value);
                    break;
                case 1:
                    Cut(Any().Id.Value, Any().Id.Value);
                    break;
                case 2 when Leader is { } leader:
                    Isolate(leader.Id.Value);
                    break;
                default:
                    Heal();
                    break;
            }
        });
        During(20, _faults.PausePerThousand, () =>
        {
            SimNode node = Random.Chance(500) && Leader is { } leader ? leader : Any();
            if (node is { Core: not null, IsPaused: false })
            {
                node.Pause();
                At(NowMs + Random.Next(1, 8000), node.Resume);
            }
        });
        During(20, _faults.SnapshotPerThousand, () => Any().TakeSnapshot(cutsFront: Random.Chance(700)));
        During(50, _faults.ResignPerThousand, () => Leader?.Input((core, now) => core.Resign(now)));
        while (Events < events)
        {
            Step();
        }

        isOn = false;
        _faults = _faults with { LossPerThousand = 0, DuplicatePerThousand = 0, LateDelayPerThousand = 0, MaxDelayMs = 3, MaxDiskDelayMs = 3 };
        Heal();
        foreach (SimNode node in Nodes.Where(node => node.IsPaused))
        {
            node.Resume();
        }

        StartAll();
    }

    /// <summary>After healing: a leader within a bounded time, no other election, everything committed everywhere.</summary>
    public void CheckLiveness()
    {
        long lost = Committed;
        RunUntil(() => Leader is not null && Nodes.All(node => node.Core!.HighWatermark.Value > lost), 12_000);
        int elections = _leaders.Count;
        int committed = Committed;
        RunFor(3_000);
        Check(Leader is not null, "there is no leader though all is well");
        Check(Committed > committed, "nothing is committed any more though all is well");
        Check(_leaders.Count == elections, "the leader changes though all is well");
        long reached = Committed;
        Check(
            RunUntil(() => Nodes.All(node => node.Core!.HighWatermark.Value >= reached), 3_000),
            $"not every node gets to {reached}: {string.Join(", ", Nodes.Select(node => $"{node.Id} {node.Core!.Role.GetType().Name} {node.Core.HighWatermark}"))}");
    }

    public void Trace(string line)
    {
        if (_trace.Count >= 80)
        {
            _trace.Dequeue();
        }

        _trace.Enqueue($"{NowMs} {line}");
    }

    public void Check(bool holds, string meaning)
    {
        if (!holds)
        {
            Fail(meaning);
        }
    }

    public void CheckNode(SimNode node, RaftCore core)
    {
        Check(core.Role.Epoch >= node.LastEpoch, $"{node.Id}'s epoch falls from {node.LastEpoch} to {core.Role.Epoch}");
        Check(core.Role.Epoch >= node.ExposedEpoch || !_faults.ChecksPromises, $"{node.Id} has forgotten epoch {node.ExposedEpoch}");
        Check(core.HighWatermark >= node.LastHighWatermark, $"{node.Id}'s high watermark falls");
        Check(core.FlushedEnd.Value <= node.Disk.Durable.End || !_faults.ChecksPromises, $"{node.Id} believes {core.FlushedEnd} is on disk, {node.Disk.Durable.End} is");
        node.LastEpoch = core.Role.Epoch;
        node.LastHighWatermark = core.HighWatermark;
        if (core.Role is LeaderRole)
        {
            NodeId known = _leaders.TryGetValue(core.Role.Epoch.Value, out NodeId first) ? first : _leaders[core.Role.Epoch.Value] = node.Id;
            Check(known == node.Id, $"epoch {core.Role.Epoch} has two leaders, {known} and {node.Id}");
        }
    }

    /// <summary>Leader completeness: a leader has everything that was committed in earlier epochs, also if it learns late that it leads.</summary>
    public void CheckLeader(SimNode node, LeaderEpoch epoch)
    {
        int end = Committed;
        while (_committedIn[end] >= epoch)
        {
            end--;
        }

        bool isBehindStart = end < node.Disk.Written.Start.EndOffset.Value;
        Check(isBehindStart || node.Disk.Written.HashBelow(end) == _committed[end], $"{node.Id} leads epoch {epoch} without what was committed up to {end}");
    }

    /// <summary>What is committed is the same everywhere, for ever, and on the disks of a majority.</summary>
    public void CheckCommit(SimNode node, Offset highWatermark)
    {
        long end = highWatermark.Value;
        ulong? hash = node.Disk.Written.HashBelow(end);
        Check(hash is not null, $"{node.Id} commits {end}, its log ends at {node.Disk.Written.End}");
        if (end < _committed.Count)
        {
            Check(_committed[(int)end] == hash, $"{node.Id} commits another history up to {end}");
            return;
        }

        for (long offset = _committed.Count - 1; offset < end; offset++)
        {
            Check(node.Disk.Written.HashBelow(offset) is not { } known || offset >= _committed.Count || _committed[(int)offset] == known, $"{node.Id} commits another history at {offset}");
            _committed.Add(node.Disk.Written.HashBelow(offset + 1)!.Value);
            _committedIn.Add(node.Core!.Role.Epoch);
        }

        int holders = Nodes.Count(other => other.Config.IsVoter && (other.Disk.Durable.Start.EndOffset.Value > end || other.Disk.Durable.HashBelow(end) == hash));
        Check(holders >= QuorumArithmetic.Majority(_faults.Voters) || !_faults.ChecksPromises, $"{node.Id} commits {end} that is on {holders} disks");
    }

    /// <summary>One record ever for an epoch and an offset, of those that others can have seen or that survived a crash.</summary>
    public void CheckEntry(SimNode node, long offset, Entry entry)
    {
        ulong known = _entries.TryGetValue((entry.Epoch.Value, offset), out ulong first) ? first : _entries[(entry.Epoch.Value, offset)] = entry.Hash;
        Check(known == entry.Hash, $"{node.Id} has another record at epoch {entry.Epoch} offset {offset}");
    }

    private SimNode Any() => Nodes[Random.Below(Nodes.Count)];

    private bool IsCut(int from, int to) => _cut.ContainsKey((from, to));

    private bool IsLost(int from, int to) => IsCut(from, to) || Random.Chance(_faults.LossPerThousand);

    private int Delay() => Random.Chance(_faults.LateDelayPerThousand) ? Random.Next(0, 5000) : Random.Next(0, _faults.MaxDelayMs);

    private void Fails(SimNode from, int incarnation, long requestId)
    {
        // Half of the losses are noticed: the connection broke. The others are silence.
        if (Random.Chance(500))
        {
            At(NowMs + Random.Next(1, 30), () =>
            {
                if (from.Incarnation == incarnation)
                {
                    from.Input((core, now) => core.RequestFailed(now, requestId));
                }
            });
        }
    }

    private void Fail(string meaning) => throw new SimViolation(
        $"seed {Seed}, event {Events}, {NowMs} ms: {meaning}\n{_faults}\n{string.Join('\n', _trace)}");
}
