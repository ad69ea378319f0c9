using RaftLog.Platform;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>A network whose connections a test can reset.</summary>
internal sealed class ResettableNetwork(INetwork network) : INetwork
{
    private readonly Lock _gate = new();
    private readonly List<IConnection> _connections = [];

    /// <summary>How many connections were made so far.</summary>
    public int Open
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count;
            }
        }
    }

    public IListener Listen(NetworkAddress address) => network.Listen(address);

    public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        ConnectResult result = await network.ConnectAsync(address, timeout, cancel);
        if (result.Connection is { } connection)
        {
            lock (_gate)
            {
                _connections.Add(connection);
            }
        }

        return result;
    }

    public void Reset(int index)
    {
        lock (_gate)
        {
            _connections[index].Reset();
        }
    }

    public void ResetAll()
    {
        lock (_gate)
        {
            _connections.ForEach(connection => connection.Reset());
            _connections.Clear();
        }
    }
}
