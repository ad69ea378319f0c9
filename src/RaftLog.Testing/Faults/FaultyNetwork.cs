using RaftLog.Platform;
using RaftLog.Platform.Waiting;

namespace RaftLog.Testing.Faults;

/// <summary>The network as one node, or the clients, see it, with the faults of the nodes in it.</summary>
/// <param name="network">The network.</param>
/// <param name="own">The faults of whoever uses it.</param>
/// <param name="faultsOf">The faults of the node that listens on an address, or null.</param>
/// <param name="time">The clock of delays.</param>
internal sealed class FaultyNetwork(INetwork network, NodeFaults own, Func<NetworkAddress, NodeFaults?> faultsOf, TimeProvider time)
    : INetwork
{
    private readonly Waiters _waiters = new(time);
    private readonly NodeFaults _life = new();
    private readonly Lock _lock = new();
    private readonly List<IListener> _listeners = [];

    /// <summary>A life of the node begins.</summary>
    public void Open() => _life.Heal();

    /// <summary>A life of the node is over: all its connections end, and nobody listens at its addresses any more.</summary>
    public void Close()
    {
        _life.CutOff();
        lock (_lock)
        {
            _listeners.ForEach(static listener => listener.Dispose());
            _listeners.Clear();
        }
    }

    public IListener Listen(NetworkAddress address)
    {
        FaultyListener listener = new(network.Listen(address), this);
        lock (_lock)
        {
            _listeners.Add(listener);
        }

        return listener;
    }

    public ValueTask<IReadOnlyList<NetworkAddress>> CanonicalAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel) =>
        network.CanonicalAsync(address, timeout, cancel);

    public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        NodeFaults? others = faultsOf(address);
        if (own.IsCutOff || _life.IsCutOff || others is { IsCutOff: true })
        {
            return new ConnectResult(ConnectOutcome.Silent, null, $"{address} is cut off");
        }

        ConnectResult result = await network.ConnectAsync(address, timeout, cancel);
        return result.Connection is { } connection
            ? result with
            {
                Connection = new FaultyConnection(connection, others is null ? [own, _life] : [own, _life, others], null, _waiters),
            }
            : result;
    }

    private FaultyConnection Accept(IConnection connection) => new(connection, [own, _life], own, _waiters);

    private sealed class FaultyListener(IListener listener, FaultyNetwork network) : IListener
    {
        public NetworkAddress Address => listener.Address;

        public async ValueTask<IConnection?> AcceptAsync() =>
            await listener.AcceptAsync() is { } connection ? network.Accept(connection) : null;

        public void Dispose() => listener.Dispose();
    }
}
