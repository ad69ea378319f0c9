using RaftLog.Client.Cluster;
using RaftLog.Platform;

namespace RaftLog.Client.Connections;

/// <summary>All connections of one client: the sets that its producers, consumers and administrators have opened.</summary>
internal sealed class ConnectionTable(ClientRuntime runtime) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ConnectionSet> _sets = [];
    private ClusterView _view = ClusterView.Empty;
    private bool _disposed;

    /// <summary>Where the brokers are.</summary>
    public ClusterView View => Volatile.Read(ref _view);

    /// <summary>Connections of their own for one user.</summary>
    public ConnectionSet OpenSet()
    {
        ConnectionSet set = new(runtime, this);
        lock (_lock)
        {
            if (!_disposed)
            {
                _sets.Add(set);
                return set;
            }
        }

        set.Dispose();
        return set;
    }

    /// <summary>Takes over the brokers' addresses. Connections to addresses that are no longer named are closed.</summary>
    public void Learn(ClusterView view)
    {
        HashSet<NetworkAddress> named = [.. view.Brokers.Select(broker => broker.Address), .. runtime.Options.BootstrapServers];
        Volatile.Write(ref _view, view);
        Sets().ForEach(set => set.Keep(named));
    }

    internal void Forget(ConnectionSet set)
    {
        lock (_lock)
        {
            _sets.Remove(set);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        Sets().ForEach(set => set.Dispose());
    }

    private List<ConnectionSet> Sets()
    {
        lock (_lock)
        {
            return [.. _sets];
        }
    }
}
