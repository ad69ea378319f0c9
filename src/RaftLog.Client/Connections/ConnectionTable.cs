using RaftLog.Client.Cluster;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;

namespace RaftLog.Client.Connections;

/// <summary>A connection per broker, and one per bootstrap server for as long as nothing better is known.</summary>
internal sealed class ConnectionTable : IDisposable
{
    private readonly ClientRuntime _runtime;
    private readonly Lock _lock = new();
    private readonly List<NodeConnection> _bootstrap = [];
    private readonly SortedDictionary<NodeId, NodeConnection> _brokers = [];

    public ConnectionTable(ClientRuntime runtime)
    {
        _runtime = runtime;
        foreach (NetworkAddress address in runtime.Options.BootstrapServers)
        {
            _bootstrap.Add(new NodeConnection(address, runtime));
        }
    }

    /// <summary>Takes over the brokers' addresses. Connections to addresses that are no longer named are closed.</summary>
    public void Learn(ClusterView view)
    {
        List<NodeConnection> gone = [];
        lock (_lock)
        {
            foreach ((NodeId id, NodeConnection connection) in _brokers.ToArray())
            {
                if (!view.TryGetBroker(id, out BrokerView? broker) || broker.Address != connection.Address)
                {
                    _brokers.Remove(id);
                    gone.Add(connection);
                }
            }

            foreach (BrokerView broker in view.Brokers)
            {
                if (!_brokers.ContainsKey(broker.Id))
                {
                    _brokers.Add(broker.Id, new NodeConnection(broker.Address, _runtime));
                }
            }
        }

        gone.ForEach(connection => connection.Dispose());
    }

    /// <summary>The channel to one broker, or why there is none.</summary>
    public ValueTask<RpcConnectResult> OpenAsync(NodeId node)
    {
        NodeConnection? connection;
        lock (_lock)
        {
            _brokers.TryGetValue(node, out connection);
        }

        return connection?.OpenAsync()
            ?? ValueTask.FromResult(new RpcConnectResult(ConnectOutcome.Silent, null, $"broker {node} is not in the cluster's metadata"));
    }

    /// <summary>
    /// The channel to any node. On the first attempt one that is open, if there is one; on each further attempt the next node, brokers
    /// and bootstrap servers in turn, so that a node that accepts and does not answer cannot hold a client.
    /// </summary>
    public ValueTask<RpcConnectResult> OpenAnyAsync(int attempt)
    {
        List<NodeConnection> candidates;
        lock (_lock)
        {
            candidates = [.. _brokers.Values, .. _bootstrap];
        }

        int start = attempt == 0 ? _runtime.Entropy.Next(candidates.Count) : attempt;
        NodeConnection chosen = candidates[start % candidates.Count];
        if (attempt == 0)
        {
            chosen = candidates.Find(candidate => candidate.IsOpen) ?? chosen;
        }

        return chosen.OpenAsync();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _bootstrap.ForEach(connection => connection.Dispose());
            foreach (NodeConnection connection in _brokers.Values)
            {
                connection.Dispose();
            }
        }
    }
}
