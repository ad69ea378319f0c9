using RaftLog.Client.Cluster;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;

namespace RaftLog.Client.Connections;

/// <summary>
/// The connections of one user to the nodes: a broker answers the requests of a connection one after the other, so whoever may wait long
/// for a response (a consumer's long polls, a producer, a group's member, administration) has connections of its own.
/// </summary>
internal sealed class ConnectionSet(ClientRuntime runtime, ConnectionTable table) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkAddress, NodeConnection> _open = [];
    private bool _disposed;

    /// <summary>True once its user is gone: nothing is opened any more.</summary>
    public bool IsDisposed => Volatile.Read(ref _disposed);

    /// <summary>The channel to one broker, or why there is none.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask<RpcConnectResult> OpenAsync(NodeId node, CallDeadline deadline) =>
        table.View.TryGetBroker(node, out BrokerView? broker)
            ? OpenAsync(broker.Address, deadline)
            : ValueTask.FromResult(new RpcConnectResult(ConnectOutcome.Silent, null, $"broker {node} is not in the cluster's metadata"));

    /// <summary>
    /// The channel to any node. On the first attempt one that is open, if there is one; on each further attempt the next node, brokers
    /// and bootstrap servers in turn, so that a node that accepts and does not answer cannot hold a client, and a client whose brokers
    /// are all gone finds the cluster again (KIP-899).
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<RpcConnectResult> OpenAnyAsync(int attempt, CallDeadline deadline)
    {
        await table.LookUpBootstrapAsync(anew: attempt > 0, deadline);
        List<NetworkAddress> candidates = [.. table.View.Brokers.Select(broker => broker.Address), .. table.Bootstrap];
        int start = attempt == 0 ? runtime.Entropy.Next(candidates.Count) : attempt;
        NetworkAddress chosen = candidates[start % candidates.Count];
        if (attempt == 0)
        {
            lock (_lock)
            {
                int open = candidates.FindIndex(candidate => _open.TryGetValue(candidate, out NodeConnection? known) && known.IsOpen);
                chosen = open < 0 ? chosen : candidates[open];
            }
        }

        return await OpenAsync(chosen, deadline);
    }

    /// <summary>Closes connections to addresses that are no longer named.</summary>
    public void Keep(IReadOnlySet<NetworkAddress> addresses)
    {
        List<NodeConnection> gone = [];
        lock (_lock)
        {
            foreach ((NetworkAddress address, NodeConnection connection) in _open.ToArray())
            {
                if (!addresses.Contains(address))
                {
                    _open.Remove(address);
                    gone.Add(connection);
                }
            }
        }

        gone.ForEach(connection => connection.Dispose());
    }

    public void Dispose()
    {
        table.Forget(this);
        lock (_lock)
        {
            _disposed = true;
        }

        Keep(new HashSet<NetworkAddress>());
    }

    private ValueTask<RpcConnectResult> OpenAsync(NetworkAddress address, CallDeadline deadline)
    {
        NodeConnection? connection;
        lock (_lock)
        {
            if (_disposed)
            {
                return ValueTask.FromResult(new RpcConnectResult(ConnectOutcome.Silent, null, $"the connection to {address} is closed"));
            }

            if (!_open.TryGetValue(address, out connection))
            {
                connection = new NodeConnection(address, runtime);
                _open.Add(address, connection);
            }
        }

        return connection.OpenAsync(deadline);
    }
}
