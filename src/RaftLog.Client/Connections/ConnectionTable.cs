using RaftLog.Client.Cluster;
using RaftLog.Platform;

namespace RaftLog.Client.Connections;

/// <summary>All connections of one client: the sets that its producers, consumers and administrators have opened.</summary>
internal sealed class ConnectionTable(ClientRuntime runtime) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ConnectionSet> _sets = [];
    private ClusterView _view = ClusterView.Empty;
    private IReadOnlyList<NetworkAddress> _bootstrap = runtime.Options.BootstrapServers;
    private bool _hasLookedUp;
    private bool _disposed;

    /// <summary>Where the brokers are.</summary>
    public ClusterView View => Volatile.Read(ref _view);

    /// <summary>Where to ask first, under the names that <see cref="LookUpBootstrapAsync"/> has found.</summary>
    public IReadOnlyList<NetworkAddress> Bootstrap => Volatile.Read(ref _bootstrap);

    /// <summary>
    /// Finds the canonical names of the bootstrap servers, where <see cref="ClientOptions.DnsLookup"/> asks for them: once, and anew when
    /// nobody has answered under those that were found.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask LookUpBootstrapAsync(bool anew, CallDeadline deadline)
    {
        if (runtime.Options.DnsLookup != ClientDnsLookup.ResolveCanonicalBootstrapServersOnly || (Volatile.Read(ref _hasLookedUp) && !anew))
        {
            return;
        }

        List<NetworkAddress> found = [];
        foreach (NetworkAddress server in runtime.Options.BootstrapServers)
        {
            IReadOnlyList<NetworkAddress> canonical = await runtime.Network.CanonicalAsync(
                server,
                deadline.AtMost(runtime.Options.ConnectTimeout),
                deadline.Cancel
            );
            found.AddRange(canonical.Except(found));
        }

        deadline.Cancel.ThrowIfCancellationRequested();
        Volatile.Write(ref _bootstrap, found);
        Volatile.Write(ref _hasLookedUp, true);
    }

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
        HashSet<NetworkAddress> named = [.. view.Brokers.Select(broker => broker.Address), .. Bootstrap];
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
