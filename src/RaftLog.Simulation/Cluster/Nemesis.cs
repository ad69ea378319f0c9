using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>Breaks things, as the seed and the mix say, and repairs each after a while.</summary>
internal sealed class Nemesis
{
    private static readonly TimeSpan ShortestRestart = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>Longer than any session, and than any message is late.</summary>
    private static readonly TimeSpan Peace = TimeSpan.FromSeconds(8);
    private const double PairedShare = 0.5;
    private static readonly TimeSpan LargestJump = TimeSpan.FromMinutes(10);
    private static readonly LinkProfile Bad = new(
        TimeSpan.FromMilliseconds(5),
        TimeSpan.FromMilliseconds(50),
        0.05,
        TimeSpan.FromSeconds(3),
        0.2
    );

    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly SimRandom _random;
    private readonly FaultMix _mix;
    private readonly ClusterWatch _beliefs;
    private readonly SimRandom? _pairing;
    private readonly SortedDictionary<FaultKind, Action> _strikes;
    private readonly SortedDictionary<FaultKind, int> _counts = [];
    private readonly SortedSet<int> _healed = [];
    private bool _active = true;
    private Action? _endPeace;
    private bool _disownsNext;

    internal Nemesis(SimCluster cluster, SimulationOptions options, SimRandom random, ClusterWatch beliefs, Action crashClient)
    {
        _cluster = cluster;
        _scheduler = cluster.Scheduler;
        _mix = options.Faults;
        _pairing = options.PairsFaults ? random.Split("pairs of faults") : null;
        _beliefs = beliefs;
        _random = random.Split("faults");
        _strikes = new SortedDictionary<FaultKind, Action>
        {
            [FaultKind.Kill] = () => End(FaultKind.Kill, Pick()),
            [FaultKind.KillInStep] = KillInStep,
            [FaultKind.PowerLoss] = () => End(FaultKind.PowerLoss, Pick()),
            [FaultKind.PowerLossOfMost] = LosePowerOfMost,
            [FaultKind.PowerLossOfAll] = LosePowerOfAll,
            [FaultKind.EndInOperation] = EndInOperation,
            [FaultKind.FlushFailure] = FailFlush,
            [FaultKind.DiskFull] = FillDisk,
            [FaultKind.NoDescriptors] = () =>
                Reject(FaultKind.NoDescriptors, "has no descriptors left", static (disk, isOn) => disk.HasNoDescriptors = isOn),
            [FaultKind.UnchangeableDirectories] = () =>
                Reject(FaultKind.UnchangeableDirectories, "may change no directory", static (disk, isOn) => disk.IsUnchangeable = isOn),
            [FaultKind.SlowDisk] = SlowDisk,
            [FaultKind.HungDisk] = HangDisk,
            [FaultKind.WipedDisk] = WipeDisk,
            [FaultKind.ClientCrash] = () =>
            {
                Count(FaultKind.ClientCrash);
                crashClient();
            },
            [FaultKind.Cut] = Cut,
            [FaultKind.Isolation] = Isolate,
            [FaultKind.Split] = Split,
            [FaultKind.Freeze] = Freeze,
            [FaultKind.Reset] = Reset,
            [FaultKind.BadLink] = WorsenLink,
            [FaultKind.ClockJump] = JumpClock,
            [FaultKind.KillInCall] = KillInCall,
            [FaultKind.BitRot] = () => Corrupt(FaultKind.BitRot, "a bit flips in", (batch, _) => batch.FlipBit(_random)),
            [FaultKind.MisdirectedWrite] = () =>
                Corrupt(FaultKind.MisdirectedWrite, "a write goes astray into", (batch, other) => batch.Overwrite(other, _random)),
            [FaultKind.Stop] = StopInOrder,
            [FaultKind.ForeignLog] = () => _disownsNext = true,
            [FaultKind.UnreadableSector] = () =>
                Corrupt(FaultKind.UnreadableSector, "a sector cannot be read in", (batch, _) => batch.LoseSector()),
        };
        foreach (SimMachine machine in cluster.Machines)
        {
            machine.Halted = () => ComeBack(machine);
        }

        Next();
    }

    /// <summary>Which kinds of faults came together.</summary>
    internal FaultPairs Together { get; } = new();

    /// <summary>How many nodes that were asked to stop have done so in order.</summary>
    internal int StoppedInOrder { get; private set; }

    /// <summary>The number of faults so far.</summary>
    internal int Faults => _counts.Values.Sum();

    /// <summary>The number of faults so far, by kind.</summary>
    internal IReadOnlyDictionary<FaultKind, int> Counts => _counts;

    /// <summary>The power of all machines goes at once; each comes back after a time of its own.</summary>
    internal void LosePowerOfAll()
    {
        foreach (SimMachine machine in _cluster.Machines)
        {
            End(FaultKind.PowerLossOfAll, machine);
        }
    }

    /// <summary>Nothing breaks any more. A core of the machines is repaired; the others stay dead, held or cut off.</summary>
    internal void HealCore(IReadOnlyCollection<SimMachine> core)
    {
        Stop();
        _scheduler.Say($"healed are {string.Join(' ', core.Select(each => each.Name))}");
        foreach (SimMachine machine in _cluster.Machines.Where(each => !core.Contains(each)))
        {
            switch (_random.Next(3))
            {
                case 0:
                    machine.Kill();
                    break;
                case 1 when machine.IsUp:
                    machine.Pause();
                    break;
                default:
                    foreach (string other in _cluster.HostsBesides(machine.Name, clientsToo: true))
                    {
                        _cluster.Network.Cut(machine.Name, other);
                        _cluster.Network.Cut(other, machine.Name);
                    }

                    break;
            }
        }

        foreach (SimMachine machine in core)
        {
            Repair(machine);
        }
    }

    /// <summary>Nothing breaks any more, and everything is repaired now.</summary>
    internal void HealAll()
    {
        Stop();
        _scheduler.Say("everything is healed");
        foreach (SimMachine machine in _cluster.Machines)
        {
            Repair(machine);
        }
    }

    private void Stop()
    {
        _active = false;
        Calm();
    }

    private void Calm()
    {
        _cluster.Network.HealAll();
        _cluster.Network.Profile = _cluster.Network.Profile with { TailChance = 0, LossChance = 0 };
        foreach (SimMachine machine in _cluster.Machines)
        {
            machine.Disarm();
            machine.Volume.IsFull = false;
            machine.Volume.HasNoDescriptors = false;
            machine.Volume.IsUnchangeable = false;
            machine.Volume.EndSlowness();
            machine.Volume.MendDamage();
            machine.Volume.Profile = machine.Volume.Profile with { StallChance = 0 };
        }
    }

    private void Repair(SimMachine machine)
    {
        _healed.Add(machine.Number);
        if (machine.IsStopping)
        {
            machine.Kill();
        }

        machine.Resume();
        Restart(machine);
    }

    private void Next()
    {
        if (_mix.Sum > 0)
        {
            _scheduler.After(_random.Exponential(_mix.MeanPause), Strike);
        }
    }

    private void Strike()
    {
        if (!_active)
        {
            return;
        }

        if (_endPeace is not null)
        {
            Next();
            return;
        }

        if (_pairing is { } pairing && pairing.Chance(PairedShare) && Together.Rarest(_scheduler.Now, Shuffled(pairing)) is { } rarest)
        {
            _strikes[rarest]();
            Next();
            return;
        }

        int drawn = _random.Next(_mix.Sum);
        foreach ((FaultKind kind, int weight) in _mix.Weights)
        {
            drawn -= weight;
            if (drawn < 0)
            {
                _strikes[kind]();
                break;
            }
        }

        Next();
    }

    private void Count(FaultKind kind)
    {
        _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        Together.Add(_scheduler.Now, kind);
    }

    private List<FaultKind> Shuffled(SimRandom random)
    {
        List<FaultKind> kinds = [.. _mix.Weights.Keys];
        for (int i = kinds.Count - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (kinds[i], kinds[other]) = (kinds[other], kinds[i]);
        }

        return kinds;
    }

    private SimMachine Pick() => _cluster.Machines[_random.Next(_cluster.Machines.Count)];

    // Half of the outages are shorter than any timeout, so that a node is back before the others have missed it.
    private TimeSpan Outage() =>
        _random.Chance(0.5)
            ? _random.Between(ShortestRestart, TimeSpan.FromMilliseconds(500))
            : _random.Between(ShortestRestart, _mix.LongestOutage);

    // A flush that failed before everything was healed can halt a node after it: somebody starts it again then, too.
    private void ComeBack(SimMachine machine) =>
        _scheduler.After(
            Outage(),
            () =>
            {
                if (_active || _healed.Contains(machine.Number))
                {
                    Restart(machine);
                }
            }
        );

    /// <summary>Repairs after an outage, unless faults are over by then and the rest is frozen as it is.</summary>
    private void Later(Action repair) =>
        _scheduler.After(
            Outage(),
            () =>
            {
                if (_active)
                {
                    repair();
                }
            }
        );

    private void End(FaultKind kind, SimMachine machine)
    {
        if (!machine.IsUp)
        {
            return;
        }

        Count(kind);
        if (kind == FaultKind.Kill)
        {
            machine.Kill();
        }
        else
        {
            machine.LosePower();
        }

        Later(() => Restart(machine));
    }

    // A node that is starting is not told to stop: its process waits until it has started.
    private void StopInOrder()
    {
        SimMachine machine = Pick();
        if (!machine.IsReady || machine.IsPaused || machine.IsStopping)
        {
            return;
        }

        Count(FaultKind.Stop);
        bool losesPower = _mix.Weights.ContainsKey(FaultKind.PowerLoss) && _random.Chance(0.5);
        machine.Stop(() =>
        {
            StoppedInOrder++;
            if (losesPower && _active)
            {
                machine.LosePowerAtRest();
            }

            Later(() => Restart(machine));
        });
    }

    private void KillInStep()
    {
        SimMachine machine = Pick();
        if (machine.IsUp)
        {
            machine.KillInStep(
                1 + _random.Next(60),
                () =>
                {
                    Count(FaultKind.KillInStep);
                    Later(() => Restart(machine));
                }
            );
        }
    }

    private void KillInCall()
    {
        SimMachine machine = Pick();
        if (machine.IsUp)
        {
            machine.KillInCall(
                1 + _random.Next(60),
                call =>
                {
                    Count(FaultKind.KillInCall);
                    _cluster.EndedInCalls[SimCluster.KilledIn(call)]++;
                    Later(() => Restart(machine));
                }
            );
        }
    }

    private void LosePowerOfMost()
    {
        int first = _random.Next(_cluster.Machines.Count);
        int count = (_cluster.Machines.Count / 2) + 1;
        for (int i = 0; i < count; i++)
        {
            End(FaultKind.PowerLossOfMost, _cluster.Machines[(first + i) % _cluster.Machines.Count]);
        }
    }

    private void EndInOperation()
    {
        SimMachine machine = Pick();
        if (machine.IsUp)
        {
            machine.EndInOperation(
                1 + _random.Next(40),
                _random.Chance(0.7),
                () =>
                {
                    Count(FaultKind.EndInOperation);
                    Later(() => Restart(machine));
                }
            );
        }
    }

    private void FailFlush()
    {
        SimMachine machine = Pick();
        if (machine.IsUp)
        {
            Count(FaultKind.FlushFailure);
            machine.Volume.FailNextFlush();
        }
    }

    private void FillDisk()
    {
        SimMachine machine = Pick();
        Count(FaultKind.DiskFull);
        _scheduler.Say($"the disk of {machine.Name} is full");
        machine.Volume.IsFull = true;
        Later(() => machine.Volume.IsFull = false);
    }

    private void Reject(FaultKind kind, string what, Action<SimVolume, bool> set)
    {
        SimMachine machine = Pick();
        Count(kind);
        _scheduler.Say($"{machine.Name} {what}");
        set(machine.Volume, true);
        Later(() => set(machine.Volume, false));
    }

    private void SlowDisk()
    {
        SimMachine machine = Pick();
        Count(FaultKind.SlowDisk);
        _scheduler.Say($"the disk of {machine.Name} is slow");
        machine.Volume.Slowness = 10 + _random.Next(200);
        Later(() => machine.Volume.Slowness = 1);
    }

    private void HangDisk()
    {
        SimMachine machine = Pick();
        Count(FaultKind.HungDisk);
        _scheduler.Say($"the disk of {machine.Name} hangs");
        machine.Volume.Hang();
        Later(machine.Volume.EndSlowness);
    }

    // Within the budget: one machine at a time is damaged, in what it had flushed long ago, and after a while somebody puts the right bytes
    // back.
    private void Corrupt(FaultKind kind, string what, Func<BatchAtRest, BatchAtRest, Damage> draw)
    {
        SimMachine machine = Pick();
        List<BatchAtRest> batches = BatchesAtRest.Of(machine.Volume);
        if (batches.Count == 0 || _cluster.Machines.Any(each => each != machine && each.Volume.IsDamaged))
        {
            return;
        }

        Count(kind);
        BatchAtRest batch = batches[_random.Next(batches.Count)];
        Damage damage = draw(batch, batches[_random.Next(batches.Count)]);
        _scheduler.Say($"{what} {batch.Path} of {machine.Name} at byte {damage.Position}");
        batch.File.Corrupt(damage);
        Later(machine.Volume.MendDamage);
    }

    // Within the budget: a disk is lost for good only where every replica on it has two others in sync, and the quorum keeps a majority. An
    // in-sync set may be about to lose those two: by a record that nobody has shown yet, or since the controller has not heard of them for
    // most of a session. So there is peace before, and after, until the cluster has noticed that the disk is gone.
    private void WipeDisk()
    {
        SimMachine machine = Pick();
        if (_cluster.Machines.Any(each => each.IsDestroyed) || !MayLoseDisk(machine))
        {
            return;
        }

        MakePeace();
        _scheduler.After(
            Peace,
            () =>
            {
                if (!_active)
                {
                    return;
                }

                if (MayLoseDisk(machine))
                {
                    Count(FaultKind.WipedDisk);
                    _beliefs.DiskGoes(machine.Number);
                    machine.Destroy();
                    Later(() => Restart(machine));
                }

                EndPeaceWhenNoticed();
            }
        );
    }

    private bool MayLoseDisk(SimMachine machine) =>
        _cluster.Voters.Count() >= 3
        && _cluster.Machines.All(static each => each is { IsReady: true, IsPaused: false, IsStopping: false })
        && _beliefs.AllInSync(machine.Number);

    private void MakePeace()
    {
        _scheduler.Say("nothing breaks for a while");
        LinkProfile links = _cluster.Network.Profile;
        List<(SimVolume Volume, DiskProfile Profile)> disks = [.. _cluster.Machines.Select(each => (each.Volume, each.Volume.Profile))];
        Calm();
        _cluster.Machines.ToList().ForEach(static each => each.Resume());
        _endPeace = () =>
        {
            _cluster.Network.Profile = links;
            disks.ForEach(static each => each.Volume.Profile = each.Profile);
        };
    }

    private void EndPeaceWhenNoticed()
    {
        if (!_active)
        {
            return;
        }

        if (_cluster.Machines.Any(each => each.IsDestroyed && _beliefs.IsInSync(each.Number)))
        {
            _scheduler.After(Glance, EndPeaceWhenNoticed);
            return;
        }

        _endPeace!();
        _endPeace = null;
    }

    private void Restart(SimMachine machine)
    {
        if (!machine.IsUp)
        {
            if (_disownsNext && _active && !machine.IsDestroyed)
            {
                DisownLog(machine);
            }

            machine.Start();
        }
    }

    // Within the budget: a replica is lost only where it is in no in-sync set, and cannot come into one before its node has registered
    // anew.
    private void DisownLog(SimMachine machine)
    {
        List<TopicPartition> there =
        [
            .. _beliefs.OutOfSync(machine.Number).Where(each => machine.Volume.Find(machine.PathOf(each)) is SimDirectory),
        ];
        if (there.Count == 0)
        {
            return;
        }

        Count(FaultKind.ForeignLog);
        _disownsNext = false;
        TopicPartition lost = there[_random.Next(there.Count)];
        TopicPartition other = there[_random.Next(there.Count)];
        _scheduler.Say(
            $"the log of {lost} on {machine.Name} is {(other == lost ? "" : $"replaced by that of {other}, and ")}without its "
                + $"partition.metadata"
        );
        machine.Disown(lost, other);
    }

    private void Cut()
    {
        SimMachine from = Pick();
        SimMachine to = Pick();
        if (from == to)
        {
            return;
        }

        Count(FaultKind.Cut);
        bool both = _random.Chance(0.5);
        _scheduler.Say($"the way from {from.Name} to {to.Name} is cut{(both ? ", and back" : "")}");
        _cluster.Network.Cut(from.Name, to.Name);
        if (both)
        {
            _cluster.Network.Cut(to.Name, from.Name);
        }

        Later(() =>
        {
            _cluster.Network.Heal(from.Name, to.Name);
            _cluster.Network.Heal(to.Name, from.Name);
        });
    }

    private void Isolate()
    {
        SimMachine alone = Pick();
        Count(FaultKind.Isolation);
        bool fromClients = _random.Chance(0.3);
        _scheduler.Say($"{alone.Name} is cut off{(fromClients ? ", from clients too" : "")}");
        List<string> others = [.. _cluster.HostsBesides(alone.Name, fromClients)];
        foreach (string other in others)
        {
            _cluster.Network.Cut(alone.Name, other);
            _cluster.Network.Cut(other, alone.Name);
        }

        Later(() =>
        {
            foreach (string other in others)
            {
                _cluster.Network.Heal(alone.Name, other);
                _cluster.Network.Heal(other, alone.Name);
            }
        });
    }

    private void Split()
    {
        List<SimMachine> one = [.. _cluster.Machines.Where(_ => _random.Chance(0.5))];
        List<SimMachine> other = [.. _cluster.Machines.Except(one)];
        if (one.Count == 0 || other.Count == 0)
        {
            return;
        }

        Count(FaultKind.Split);
        bool oneWay = _random.Chance(0.2);
        _scheduler.Say(
            $"the cluster falls apart: {string.Join(' ', one.Select(each => each.Name))} | "
                + $"{string.Join(' ', other.Select(each => each.Name))}{(oneWay ? ", one way" : "")}"
        );
        List<(string From, string To)> ways = [.. one.SelectMany(from => other.Select(to => (from.Name, to.Name)))];
        ways.AddRange(oneWay ? [] : [.. ways.Select(each => (each.To, each.From))]);
        ways.ForEach(each => _cluster.Network.Cut(each.From, each.To));
        Later(() => ways.ForEach(each => _cluster.Network.Heal(each.From, each.To)));
    }

    private void Freeze()
    {
        SimMachine machine = Pick();
        if (machine.IsUp && !machine.IsPaused)
        {
            Count(FaultKind.Freeze);
            machine.Pause();
            Later(machine.Resume);
        }
    }

    private void Reset()
    {
        Count(FaultKind.Reset);
        int count = _cluster.Network.ResetSome(_random.NextUnit());
        _scheduler.Say($"{count} connections are reset");
    }

    private void WorsenLink()
    {
        SimMachine from = Pick();
        SimMachine to = Pick();
        if (from != to)
        {
            Count(FaultKind.BadLink);
            _scheduler.Say($"the way from {from.Name} to {to.Name} is bad");
            _cluster.Network.Worsen(from.Name, to.Name, Bad);
            Later(() => _cluster.Network.Mend(from.Name, to.Name));
        }
    }

    private void JumpClock()
    {
        SimMachine machine = Pick();
        Count(FaultKind.ClockJump);
        machine.WallClockOffset = LargestJump * ((2 * _random.NextUnit()) - 1);
        _scheduler.Say(
            FormattableString.Invariant($"the wall clock of {machine.Name} is off by {machine.WallClockOffset.TotalSeconds:F1} s")
        );
    }
}
