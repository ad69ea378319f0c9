using RaftLog.Jepsen.Network;
using RaftLog.Jepsen.Processes;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Faults;

/// <summary>Draws faults of the kinds that a run asks for.</summary>
internal sealed class FaultFactory(NodeSet nodes, Func<IReadOnlyList<NodeId>> leaders, SimRandom random, CancellationToken cancel)
{
    private static readonly TimeSpan ResetInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>A fault of a kind, on a node that is not among the busy ones.</summary>
    public Fault Draw(string kind, IReadOnlySet<int> busy, out int target)
    {
        target = DrawNode(busy);
        NodeProcess node = nodes.Nodes[target - 1];
        return kind switch
        {
            "kill" => new Fault(kind, $"kill -9 of node {node.Id}", node.KillAsync, () => StartAsync(node)),
            "pause" => new Fault(kind, $"pause of node {node.Id}", node.PauseAsync, () => ResumeAsync(node)),
            "restart" => new Fault(kind, $"clean restart of node {node.Id}", node.StopAsync, () => StartAsync(node)),
            "storm" => new Fault(kind, "kill -9 of all nodes", KillAllAsync, StartAllAsync),
            "cut" => Cut(node.Id),
            "isolate" => Isolate(node.Id),
            "clients" => CutClients(node.Id),
            "slow" => Slow(node.Id),
            "reset" => Reset(node.Id),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such fault"),
        };
    }

    private int DrawNode(IReadOnlySet<int> busy)
    {
        // Leaders are the interesting ones.
        List<int> leading = [.. leaders().Where(each => each.IsNode && !busy.Contains(each.Value)).Select(each => each.Value)];
        if (leading.Count > 0 && random.Chance(0.6))
        {
            return leading[random.Next(leading.Count)];
        }

        List<int> free = [.. nodes.Nodes.Select(each => each.Id).Where(each => !busy.Contains(each))];
        return free.Count > 0 ? free[random.Next(free.Count)] : 1 + random.Next(nodes.Nodes.Count);
    }

    /// <summary>Starts a node that is down. Its port opens when a majority is up, which may be later.</summary>
    private static Task<bool> StartAsync(NodeProcess node)
    {
        node.Start();
        return Task.FromResult(true);
    }

    private static Task<bool> ResumeAsync(NodeProcess node)
    {
        node.Resume();
        return Task.FromResult(true);
    }

    private async Task<bool> KillAllAsync()
    {
        bool[] killed = await Task.WhenAll(nodes.Nodes.Select(each => each.KillAsync()));
        return killed.Any(each => each);
    }

    private Task<bool> StartAllAsync()
    {
        foreach (NodeProcess node in nodes.Nodes)
        {
            node.Start();
        }

        return Task.FromResult(true);
    }

    private Fault Cut(int node)
    {
        int other = 1 + ((node + random.Next(2)) % 3);
        return random.Next(3) switch
        {
            0 => Hold("cut", $"cut of what node {node} says to node {other}", [(node, other)]),
            1 => Hold("cut", $"cut of what node {other} says to node {node}", [(other, node)]),
            _ => Hold("cut", $"cut between nodes {node} and {other}", [(node, other), (other, node)]),
        };
    }

    private Fault Isolate(int node)
    {
        List<int> others = [.. nodes.Nodes.Select(each => each.Id).Where(each => each != node)];
        IEnumerable<(int, int)> outwards = others.Select(each => (node, each));
        IEnumerable<(int, int)> inwards = others.Select(each => (each, node));
        return random.Next(4) switch
        {
            0 => Hold("isolate", $"node {node} is heard by no node, and clients still reach it", [.. outwards]),
            1 => Hold("isolate", $"node {node} hears no node, and clients still reach it", [.. inwards]),
            2 => Hold(
                "isolate",
                $"node {node} is cut off from nodes and clients",
                [.. outwards, .. inwards, (node, Links.Clients), (Links.Clients, node)]
            ),
            _ => Hold("isolate", $"node {node} is cut off from the others, and clients still reach it", [.. outwards, .. inwards]),
        };
    }

    private Fault CutClients(int node) =>
        random.Next(3) switch
        {
            0 => Hold("clients", $"clients do not reach node {node}", [(Links.Clients, node)]),
            1 => Hold("clients", $"clients do not hear node {node}", [(node, Links.Clients)]),
            _ => Hold("clients", $"clients are cut off from node {node}", [(Links.Clients, node), (node, Links.Clients)]),
        };

    private Fault Hold(string kind, string what, (int From, int To)[] ways)
    {
        long before = 0;
        return new Fault(
            kind,
            what,
            () =>
            {
                before = Effects(ways);
                Array.ForEach(ways, each => nodes.Proxies.Links[each.From, each.To].Cut());
                return Task.FromResult(true);
            },
            () => HealAsync(ways, before)
        );
    }

    private Fault Slow(int node)
    {
        TimeSpan delay = TimeSpan.FromMilliseconds(20 + random.Next(180));
        (int From, int To)[] ways =
        [
            .. nodes
                .Nodes.Select(each => each.Id)
                .Where(each => each != node)
                .Append(Links.Clients)
                .SelectMany(each => new[] { (node, each), (each, node) }),
        ];
        long before = 0;
        return new Fault(
            "slow",
            $"{delay.TotalMilliseconds} ms each way to and from node {node}",
            () =>
            {
                before = Effects(ways);
                Array.ForEach(ways, each => nodes.Proxies.Links[each.From, each.To].Slow(delay));
                return Task.FromResult(true);
            },
            () => HealAsync(ways, before)
        );
    }

    private Fault Reset(int node)
    {
        CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<int> resetting = Task.FromResult(0);
        return new Fault(
            "reset",
            $"resets of all connections to node {node}",
            () =>
            {
                resetting = ResetAsync(node, stop.Token);
                return Task.FromResult(true);
            },
            async () =>
            {
                stop.Cancel();
                int count = await resetting;
                stop.Dispose();
                return count > 0;
            }
        );
    }

    private async Task<int> ResetAsync(int node, CancellationToken stop)
    {
        int count = 0;
        while (!stop.IsCancellationRequested)
        {
            for (int source = 0; source <= nodes.Nodes.Count; source++)
            {
                count += nodes.Proxies.Reset(source, node);
            }

            // A pause of a kind that sometimes lets connections live for a while.
            TimeSpan pause = ResetInterval * (1 + random.Next(4));
            for (TimeSpan waited = TimeSpan.Zero; waited < pause && !stop.IsCancellationRequested; waited += ResetInterval)
            {
                await Task.Delay(ResetInterval, TimeProvider.System);
            }
        }

        return count;
    }

    private long Effects((int From, int To)[] ways) => ways.Sum(each => nodes.Proxies.Links[each.From, each.To].Effects);

    private Task<bool> HealAsync((int From, int To)[] ways, long before)
    {
        bool hadEffect = Effects(ways) > before;
        Array.ForEach(ways, each => nodes.Proxies.Links[each.From, each.To].Heal());
        return Task.FromResult(hadEffect);
    }
}
