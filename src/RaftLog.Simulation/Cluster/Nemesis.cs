namespace RaftLog.Simulation;

/// <summary>Breaks things, as the seed and the mix say, and repairs each after a while.</summary>
internal sealed class Nemesis
{
    private static readonly TimeSpan ShortestRestart = TimeSpan.FromMilliseconds(20);

    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly SimRandom _random;
    private readonly FaultMix _mix;
    private readonly List<(int Weight, Action Strike)> _faults;
    private bool _active = true;

    internal Nemesis(SimCluster cluster, FaultMix mix, SimRandom random, Action crashClient)
    {
        _cluster = cluster;
        _scheduler = cluster.Scheduler;
        _mix = mix;
        _random = random.Split("faults");
        _faults =
        [
            (mix.Kill, () => End(Pick(), losePower: false)),
            (mix.PowerLoss, () => End(Pick(), losePower: true)),
            (mix.PowerLossOfAll, LosePowerOfAll),
            (mix.EndInOperation, EndInOperation),
            (mix.FlushFailure, FailFlush),
            (mix.ClientCrash, () =>
            {
                Faults++;
                crashClient();
            }),
            (mix.Cut, Cut),
            (mix.Isolation, Isolate),
            (mix.Freeze, Freeze),
            (mix.Reset, Reset),
        ];
        foreach (SimMachine machine in cluster.Machines)
        {
            machine.Halted = () => _scheduler.After(Outage(), () => Restart(machine));
        }

        Next();
    }

    /// <summary>The number of faults so far.</summary>
    internal int Faults { get; private set; }

    /// <summary>The power of all machines goes at once; each comes back after a time of its own.</summary>
    internal void LosePowerOfAll()
    {
        foreach (SimMachine machine in _cluster.Machines)
        {
            End(machine, losePower: true);
        }
    }

    /// <summary>Nothing breaks any more, and everything is repaired now.</summary>
    internal void HealAll()
    {
        _active = false;
        _scheduler.Say("everything is healed");
        _cluster.Network.HealAll();
        _cluster.Network.Profile = _cluster.Network.Profile with { TailChance = 0 };
        foreach (SimMachine machine in _cluster.Machines)
        {
            machine.Volume.DisarmFault();
            machine.Volume.Profile = machine.Volume.Profile with { StallChance = 0 };
            machine.Resume();
            Restart(machine);
        }
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

        int drawn = _random.Next(_mix.Sum);
        foreach ((int weight, Action strike) in _faults)
        {
            drawn -= weight;
            if (drawn < 0)
            {
                strike();
                break;
            }
        }

        Next();
    }

    private SimMachine Pick() => _cluster.Machines[_random.Next(_cluster.Machines.Count)];

    // Half of the outages are shorter than any timeout, so that a node is back before the others have missed it.
    private TimeSpan Outage() => _random.Chance(0.5)
        ? _random.Between(ShortestRestart, TimeSpan.FromMilliseconds(500))
        : _random.Between(ShortestRestart, _mix.LongestOutage);

    private void End(SimMachine machine, bool losePower)
    {
        if (!machine.IsUp)
        {
            return;
        }

        Faults++;
        if (losePower)
        {
            machine.LosePower();
        }
        else
        {
            machine.Kill();
        }

        _scheduler.After(Outage(), () => Restart(machine));
    }

    private void EndInOperation()
    {
        SimMachine machine = Pick();
        if (!machine.IsUp)
        {
            return;
        }

        machine.EndInOperation(1 + _random.Next(40), _random.Chance(0.7), () =>
        {
            Faults++;
            _scheduler.After(Outage(), () => Restart(machine));
        });
    }

    private void FailFlush()
    {
        SimMachine machine = Pick();
        if (machine.IsUp)
        {
            Faults++;
            machine.Volume.FailNextFlush();
        }
    }

    private void Restart(SimMachine machine)
    {
        if (!machine.IsUp)
        {
            machine.Start();
        }
    }

    private void Cut()
    {
        SimMachine from = Pick();
        SimMachine to = Pick();
        if (from == to)
        {
            return;
        }

        Faults++;
        bool both = _random.Chance(0.5);
        _scheduler.Say($"the way from {from.Name} to {to.Name} is cut{(both ? ", and back" : "")}");
        _cluster.Network.Cut(from.Name, to.Name);
        if (both)
        {
            _cluster.Network.Cut(to.Name, from.Name);
        }

        _scheduler.After(Outage(), () =>
        {
            _cluster.Network.Heal(from.Name, to.Name);
            _cluster.Network.Heal(to.Name, from.Name);
        });
    }

    private void Isolate()
    {
        SimMachine alone = Pick();
        Faults++;
        bool fromClients = _random.Chance(0.3);
        _scheduler.Say($"{alone.Name} is cut off{(fromClients ? ", from clients too" : "")}");
        List<string> others = [.. _cluster.HostsBesides(alone.Name, fromClients)];
        foreach (string other in others)
        {
            _cluster.Network.Cut(alone.Name, other);
            _cluster.Network.Cut(other, alone.Name);
        }

        _scheduler.After(Outage(), () =>
        {
            foreach (string other in others)
            {
                _cluster.Network.Heal(alone.Name, other);
                _cluster.Network.Heal(other, alone.Name);
            }
        });
    }

    private void Freeze()
    {
        SimMachine machine = Pick();
        if (machine.IsUp && !machine.IsPaused)
        {
            Faults++;
            machine.Pause();
            _scheduler.After(Outage(), machine.Resume);
        }
    }

    private void Reset()
    {
        Faults++;
        int count = _cluster.Network.ResetSome(_random.NextUnit());
        _scheduler.Say($"{count} connections are reset");
    }
}
