using RaftLog.Platform;

namespace RaftLog.Testing.Faults;

/// <summary>
/// TCP with ports that are taken before anyone is told of them: a node's configuration names its ports before the node listens, and a port
/// that was only found free may be somebody else's by then.
/// </summary>
internal sealed class ReservedPorts(INetwork network) : INetwork, IDisposable
{
    private static readonly NetworkAddress AnyPort = new("127.0.0.1", 0);

    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkAddress, IListener> _reserved = [];

    public NetworkAddress Reserve()
    {
        IListener listener = network.Listen(AnyPort);
        NetworkAddress address = AnyPort with { Port = listener.Address.Port };
        lock (_lock)
        {
            _reserved.Add(address, listener);
        }

        return address;
    }

    public IListener Listen(NetworkAddress address)
    {
        lock (_lock)
        {
            if (_reserved.Remove(address, out IListener? reserved))
            {
                return reserved;
            }
        }

        return network.Listen(address);
    }

    public ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel) =>
        network.ConnectAsync(address, timeout, cancel);

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (IListener listener in _reserved.Values)
            {
                listener.Dispose();
            }

            _reserved.Clear();
        }
    }
}
