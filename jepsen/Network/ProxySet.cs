using RaftLog.Jepsen.Processes;

namespace RaftLog.Jepsen.Network;

/// <summary>The proxies of a cluster: every connection between nodes, and between clients and nodes, goes through one.</summary>
internal sealed class ProxySet : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly List<PortProxy> _proxies = [];
    private readonly CancellationTokenSource _stop = new();

    public ProxySet(IReadOnlyList<NodeProcess> nodes)
    {
        Links = new Links(nodes.Count);
        IReadOnlyList<(int, int)> Processes() => [.. nodes.Select(each => (each.Id, each.Pid))];
        foreach (NodeProcess node in nodes)
        {
            _proxies.Add(new PortProxy(node.Id, node.Ports.Clients, node.Ports.ClientsProxy, Links, Processes));
            _proxies.Add(new PortProxy(node.Id, node.Ports.Quorum, node.Ports.QuorumProxy, Links, Processes));
        }

        _ = WatchAsync();
    }

    public Links Links { get; }

    /// <summary>Resets the connections from one party to one node; how many there were.</summary>
    public int Reset(int source, int node) => _proxies.Where(each => each.Node == node).Sum(each => each.Reset(source));

    /// <summary>Looks at once which nodes listen.</summary>
    public void Look() => _proxies.ForEach(each => each.Follow());

    public void Dispose()
    {
        _stop.Cancel();
        Links.HealAll();
        _proxies.ForEach(each => each.Dispose());
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Look();
            await Task.Delay(LookInterval, TimeProvider.System);
        }
    }
}
