using RaftLog.Platform.Waiting;

namespace RaftLog.Platform;

/// <summary>
/// A network inside one process: several nodes and their clients reach one another by host name and port, without a socket. A host is known
/// once something has listened on it; a connect to a known host without a listener is refused, to an unknown one it stays silent.
/// </summary>
public sealed class InMemoryNetwork : INetwork, IDisposable
{
    private const int FirstFreePort = 20_000;
    private const int LastPort = 65_535;
    private const string AnyHost = "";
    private const string LocalHost = "localhost";

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Host, int Port), InMemoryListener> _listeners = [];
    private readonly HashSet<string> _hosts = new(StringComparer.Ordinal) { LocalHost, AnyHost };
    private readonly Waiters _waiters;
    private readonly int _maxReceive;
    private int _nextPort = FirstFreePort;

    /// <summary>Creates an empty network.</summary>
    /// <param name="time">The clock of its waits.</param>
    /// <param name="maxReceive">The most bytes that one receive gives, so that tests see frames in parts.</param>
    public InMemoryNetwork(TimeProvider time, int maxReceive = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxReceive, 1);
        _waiters = new Waiters(time);
        _maxReceive = maxReceive;
    }

    /// <inheritdoc/>
    public IListener Listen(NetworkAddress address)
    {
        string host = Normalize(address.Host);
        lock (_lock)
        {
            int port = address.Port == 0 ? FreePort(address) : address.Port;
            if (IsTaken(host, port))
            {
                throw new NetworkException(address, "the port is in use by another process; stop it, or choose another port");
            }

            _hosts.Add(host);
            InMemoryListener listener = new(this, host, address with { Port = port }, _waiters);
            _listeners.Add((host, port), listener);
            return listener;
        }
    }

    /// <inheritdoc/>
    public ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        string host = Normalize(address.Host);
        if (cancel.IsCancellationRequested)
        {
            return ValueTask.FromResult(new ConnectResult(ConnectOutcome.Silent, null, "cancelled"));
        }

        InMemoryListener? listener;
        NetworkAddress local;
        lock (_lock)
        {
            if (!_hosts.Contains(host))
            {
                return ValueTask.FromResult(new ConnectResult(ConnectOutcome.Silent, null, $"cannot find {address.Host}"));
            }

            if (!_listeners.TryGetValue((host, address.Port), out listener))
            {
                _listeners.TryGetValue((AnyHost, address.Port), out listener);
            }

            local = new NetworkAddress(LocalHost, FreePort(address));
        }

        BytePipe there = new(_waiters, _maxReceive);
        BytePipe back = new(_waiters, _maxReceive);
        if (listener is null || !listener.TryOffer(new InMemoryConnection(local, there, back)))
        {
            return ValueTask.FromResult(new ConnectResult(ConnectOutcome.Refused, null, $"nobody listens on {address}"));
        }

        return ValueTask.FromResult(new ConnectResult(ConnectOutcome.Accepted, new InMemoryConnection(address, back, there), ""));
    }

    /// <summary>Ends every wait of the network.</summary>
    public void Dispose() => _waiters.Dispose();

    internal void Close(string host, int port)
    {
        lock (_lock)
        {
            _listeners.Remove((host, port));
        }
    }

    private static string Normalize(string host) =>
        host switch
        {
            "0.0.0.0" or "::" => AnyHost,
            "127.0.0.1" or "::1" => LocalHost,
            _ => host.ToLowerInvariant(),
        };

    private bool IsTaken(string host, int port)
    {
        foreach ((string Host, int Port) other in _listeners.Keys)
        {
            if (other.Port == port && (other.Host == host || host == AnyHost || other.Host == AnyHost))
            {
                return true;
            }
        }

        return false;
    }

    private int FreePort(NetworkAddress address)
    {
        for (int tries = FirstFreePort; tries <= LastPort; tries++)
        {
            int port = _nextPort;
            _nextPort = port == LastPort ? FirstFreePort : port + 1;
            if (!IsTaken(AnyHost, port))
            {
                return port;
            }
        }

        throw new NetworkException(address, "no port is free");
    }
}
