using System.Security.Cryptography;
using RaftLog.Jepsen.Network;

namespace RaftLog.Jepsen.Processes;

/// <summary>Three nodes of a system under test in a directory of their own, behind proxies.</summary>
internal sealed class NodeSet : IDisposable
{
    private const int Count = 3;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private NodeSet(IReadOnlyList<NodeProcess> nodes)
    {
        Nodes = nodes;
        Proxies = new ProxySet(nodes);
    }

    /// <summary>The nodes, ids counting from 1.</summary>
    public IReadOnlyList<NodeProcess> Nodes { get; }

    public ProxySet Proxies { get; }

    /// <summary>Where clients connect: the proxies.</summary>
    public string Bootstrap => string.Join(',', Nodes.Select(each => $"127.0.0.1:{each.Ports.ClientsProxy}"));

    /// <summary>Formats and starts nodes, and waits until their ports are open.</summary>
    public static async Task<NodeSet> StartAsync(
        ISystemUnderTest system,
        string directory,
        IEnumerable<KeyValuePair<string, string>> settings,
        Action<string> alarm,
        CancellationToken cancel
    )
    {
        List<NodePorts> ports = [.. Enumerable.Range(0, Count).Select(_ => NodePorts.Take())];
        List<NodeProcess> nodes = [];
        for (int id = 1; id <= Count; id++)
        {
            string file = Path.Combine(directory, $"node-{id}.properties");
            string data = Path.Combine(directory, $"node-{id}");
            NodeFile.Write(file, id, ports, data, system.Settings.Concat(settings));
            nodes.Add(new NodeProcess(id, system, file, ports[id - 1], data, Path.Combine(directory, $"node-{id}.out")) { Alarm = alarm });
        }

        NodeSet set = new(nodes);
        try
        {
            string clusterId = NewClusterId();
            foreach (NodeProcess node in nodes)
            {
                await node.FormatAsync(clusterId);
            }

            foreach (NodeProcess node in nodes)
            {
                node.Start();
            }

            foreach (NodeProcess node in nodes)
            {
                await set.WaitForPortAsync(node, cancel);
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Waits until a node listens for clients.</summary>
    /// <exception cref="InvalidOperationException">It does not, or has ended.</exception>
    public async Task WaitForPortAsync(NodeProcess node, CancellationToken cancel)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!ListeningPort.IsOpen(node.Ports.Clients))
        {
            if (!node.IsRunning || TimeProvider.System.GetElapsedTime(start) > node.StartLimit)
            {
                throw new InvalidOperationException(
                    $"node {node.Id} does not open its port: its last words are in {node.DataDirectory}.out"
                );
            }

            // The port for the quorum opens first.
            Proxies.Look();
            await Task.Delay(LookInterval, TimeProvider.System, cancel);
        }

        Proxies.Look();
    }

    /// <summary>Resumes what is paused, starts what is dead, opens every way, and waits for the ports.</summary>
    public async Task HealAsync(CancellationToken cancel)
    {
        Proxies.Links.HealAll();
        foreach (NodeProcess node in Nodes)
        {
            node.Resume();
            node.Start();
        }

        foreach (NodeProcess node in Nodes)
        {
            await WaitForPortAsync(node, cancel);
        }
    }

    /// <summary>Stops all nodes cleanly.</summary>
    public Task StopAsync() => Task.WhenAll(Nodes.Select(each => each.StopAsync()));

    public void Dispose()
    {
        foreach (NodeProcess node in Nodes)
        {
            node.Dispose();
        }

        Proxies.Dispose();
    }

    private static string NewClusterId() =>
        "J" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))[1..22].Replace('+', 'a').Replace('/', 'b');
}
