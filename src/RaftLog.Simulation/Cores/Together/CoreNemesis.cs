using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation.Cores;

/// <summary>Makes things break, as often and as the options say, until everything is healed.</summary>
internal sealed class CoreNemesis(CoreWorld world, Chance chance)
{
    private readonly LinkFaults _calm = new(Loss: 0, Duplicates: 0, MaxDelayMs: 4, Late: 0, LatestMs: 1);
    private bool _isOn;

    /// <summary>The faults so far.</summary>
    public int Faults { get; private set; }

    private FaultWeights Weights => world.Options.Weights;

    public void Begin()
    {
        _isOn = world.Options.FaultMs > 0 && Weights.Sum > 0;
        Next();
    }

    /// <summary>Heals everything.</summary>
    public void Stop()
    {
        _isOn = false;
        world.Network.Heal();
        world.Network.Faults = _calm;
        world.Say("everything is healed");
        foreach (CoreNode node in world.Nodes)
        {
            if (node.Quorum.IsPaused)
            {
                node.Resume();
            }

            if (!node.IsUp)
            {
                node.Start();
            }
        }
    }

    private void Next() =>
        world.In(
            chance.Next(1, 2 * Math.Max(1, world.Options.FaultMs)),
            () =>
            {
                if (_isOn)
                {
                    if (world.HasTopic)
                    {
                        Strike();
                    }

                    Next();
                }
            }
        );

    private void Strike()
    {
        Faults++;
        int draw = chance.Next(Weights.Sum);
        bool Falls(int weight)
        {
            draw -= weight;
            return draw < 0;
        }

        if (Falls(Weights.Kill))
        {
            End(Victim(), losesPower: false);
        }
        else if (Falls(Weights.PowerLoss))
        {
            End(Victim(), losesPower: true);
        }
        else if (Falls(Weights.PowerLossOfAll))
        {
            foreach (CoreNode node in world.Nodes)
            {
                End(node, losesPower: true);
            }
        }
        else if (Falls(Weights.Cut))
        {
            Cut(Any().Id.Value, Any().Id.Value);
        }
        else if (Falls(Weights.Isolation))
        {
            Isolate(Victim().Id.Value, clientsToo: chance.PerMille(300));
        }
        else if (Falls(Weights.Pause))
        {
            Pause(Victim());
        }
        else if (Falls(Weights.Reset))
        {
            Reset(Any(), Any());
        }
        else if (Falls(Weights.Move))
        {
            Move();
        }
        else if (Falls(Weights.Resign))
        {
            world.ActiveController?.Quorum.Input((core, now) => core.Resign(now));
        }
        else if (Falls(Weights.Stop))
        {
            StopInOrder(Victim());
        }
        else
        {
            CoreNode node = Any();
            node.Run(() => node.TakeSnapshot(truncatesFront: chance.PerMille(700)));
        }
    }

    private CoreNode Any() => world.Nodes[chance.Next(world.Nodes.Count)];

    /// <summary>Often whoever matters most: the active controller or a leader.</summary>
    private CoreNode Victim()
    {
        if (chance.PerMille(250) && world.ActiveController is { } controller)
        {
            return controller;
        }

        return chance.PerMille(400) && world.Ask(chance.Next(world.Options.Partitions), chance).Leader is { } leader ? leader : Any();
    }

    private void End(CoreNode node, bool losesPower)
    {
        if (!node.IsUp)
        {
            return;
        }

        node.Crash(losesPower);
        world.ProcessEnded(node);
        world.In(
            chance.PerMille(500) ? chance.Next(1, 100) : chance.Next(1, 4_000),
            () =>
            {
                if (!node.IsUp)
                {
                    node.Start();
                }
            }
        );
    }

    /// <summary>
    /// As a node does that is told to stop: its leaderships go first, then that of the quorum, then the process. Now and then the power
    /// goes right after it.
    /// </summary>
    private void StopInOrder(CoreNode node)
    {
        if (!node.IsServing || node.Quorum.IsPaused)
        {
            return;
        }

        bool losesPower = Weights.PowerLoss > 0 && chance.PerMille(300);
        world.Say($"{node.Id} is told to stop");
        node.Leave(() =>
        {
            node.Quorum.Input((core, now) => core.Resign(now));
            node.Later(chance.Next(1, 500), () => End(node, losesPower));
        });
    }

    private void Cut(int from, int to)
    {
        if (from != to)
        {
            world.Say($"the way from {from} to {to} is cut");
            world.Network.Cut(from, to);
            world.In(chance.Next(1, 4_000), () => world.Network.Heal(from, to));
        }
    }

    private void Isolate(int node, bool clientsToo)
    {
        world.Say($"{node} is cut off");
        List<(int From, int To)> ways = [];
        IEnumerable<int> others = world.Nodes.Select(other => other.Id.Value).Where(other => other != node);
        foreach (int other in clientsToo ? others.Concat(Enumerable.Range(100, 110)) : others)
        {
            ways.Add((node, other));
            ways.Add((other, node));
        }

        ways.ForEach(way => world.Network.Cut(way.From, way.To));
        world.In(chance.Next(1, 5_000), () => ways.ForEach(way => world.Network.Heal(way.From, way.To)));
    }

    private void Pause(CoreNode node)
    {
        if (!node.IsUp || node.Quorum.IsPaused)
        {
            return;
        }

        world.Say($"{node.Id} pauses");
        int incarnation = node.Incarnation;
        node.Pause();
        world.In(
            chance.PerMille(500) ? chance.Next(1, 300) : chance.Next(1, 5_000),
            () =>
            {
                if (node.Incarnation == incarnation && node.Quorum.IsPaused)
                {
                    world.Say($"{node.Id} goes on");
                    node.Resume();
                }
            }
        );
    }

    /// <summary>A connection ends though both processes live.</summary>
    private void Reset(CoreNode one, CoreNode other)
    {
        if (one != other)
        {
            other.Run(() => other.Controller.ConnectionLost(one.Id));
        }
    }

    /// <summary>Somebody asks for preferred leaders.</summary>
    private void Move()
    {
        if (world.ActiveController is { } controller)
        {
            controller.Run(() =>
                controller.Controller.Decide<ElectLeadersResponse>(
                    (each, _, _) => each.ElectLeaders(new ElectLeadersRequest()),
                    static _ => { }
                )
            );
        }
    }
}
