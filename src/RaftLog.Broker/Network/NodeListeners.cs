using RaftLog.Broker.Configuration;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;

namespace RaftLog.Broker.Network;

/// <summary>The ports of a node: checked before anything is written, opened when there is something to serve, closed together.</summary>
internal sealed partial class NodeListeners(NodeContext node)
{
    private const short Plaintext = 0;

    private readonly List<ListenerLoop> _open = [];

    private ListenerSettings Settings => node.Config.Listeners;

    /// <summary>Sees that each port can be opened.</summary>
    /// <exception cref="NodeStartException">One cannot.</exception>
    public void Check()
    {
        foreach (Listener listener in Settings.All)
        {
            try
            {
                node.World.Network.Listen(new NetworkAddress(listener.Host, listener.Port)).Dispose();
            }
            catch (NetworkException taken)
            {
                throw new NodeStartException($"node {node.Self} cannot open its listener {listener.Name}: {taken.Message}", taken);
            }
        }
    }

    /// <summary>Opens the ports of controllers.</summary>
    public void OpenForControllers(ApiTable apis) => Open(apis, isController: true, quota: null);

    /// <summary>Opens the ports of brokers and clients.</summary>
    public void OpenForClients(ApiTable apis, ConnectionQuota quota) => Open(apis, isController: false, quota);

    /// <summary>Where others reach this node, as a controller or as a broker.</summary>
    public IReadOnlyList<Endpoint> Endpoints(bool isController) =>
        [
            .. Settings
                .Advertised.Where(each => Settings.IsController(each.Name) == isController)
                .Select(each => new Endpoint(each.Name, each.Host, (ushort)each.Port, Plaintext)),
        ];

    /// <summary>What all listeners have counted.</summary>
    public ConnectionCounts Counts()
    {
        ConnectionCounts counts = default;
        foreach (ListenerLoop listener in _open)
        {
            counts += listener.Counts();
        }

        return counts;
    }

    /// <summary>Closes all ports and their connections.</summary>
    public void Stop() => _open.ForEach(each => each.Stop());

    static partial void SeededBugSharesMemory(ref BufferPool? small);

    private void Open(ApiTable apis, bool isController, ConnectionQuota? quota)
    {
        List<Listener> listeners = [.. Settings.All.Where(each => Settings.IsController(each.Name) == isController)];
        foreach (Listener listener in listeners)
        {
            // As in Kafka: clients cannot keep nodes from each other where those have a listener of their own.
            bool isCounted = listeners.Count == 1 || listener.Name != Settings.InterBroker;
            ConnectionRules rules = new(
                node.Config.Sockets.RequestMaxBytes,
                TimeSpan.FromMilliseconds(node.Config.Sockets.MaxIdleMs),
                TimeSpan.FromMilliseconds(node.Config.Sockets.StallTimeoutMs),
                node.Waiters,
                isCounted ? quota : null
            );
            BufferPool? small = isController ? null : node.Memory.SmallRequests;
            SeededBugSharesMemory(ref small);
            ListenerLoop loop = new(
                node.World.Network.Listen(new NetworkAddress(listener.Host, listener.Port)),
                listener.Name,
                apis,
                rules,
                isController ? node.Memory.Controllers : node.Memory.Requests,
                small,
                node.Waiters,
                node.Supervisor,
                node.ClientWarnings,
                node.NodeLog
            );
            _open.Add(loop);
            loop.Start();
            node.NodeLog.Info($"listener {listener.Name} is open on {loop.Address}");
        }
    }
}
