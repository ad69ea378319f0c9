using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Network;

/// <summary>Accepts the connections of one listener and serves each until it ends.</summary>
internal sealed class ListenerLoop(
    IListener listener, string name, ApiTable apis, BufferPool buffers, int maxFrameBytes, Supervisor supervisor, Journal journal)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, IConnection> _open = [];
    private long _nextConnectionId;
    private bool _stopped;

    /// <summary>The address that clients reach it at.</summary>
    public NetworkAddress Address => listener.Address;

    /// <summary>Starts accepting.</summary>
    public void Start() => supervisor.Run($"listener {name}", AcceptAsync);

    /// <summary>Closes the port and every connection.</summary>
    public void Stop()
    {
        listener.Dispose();
        List<IConnection> open;
        lock (_gate)
        {
            _stopped = true;
            open = [.. _open.Values];
        }

        foreach (IConnection connection in open)
        {
            connection.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (await listener.AcceptAsync() is { } connection)
        {
            long id = _nextConnectionId++;
            if (!TryKeep(id, connection))
            {
                connection.Dispose();
                return;
            }

            supervisor.Run($"connection of {connection.Peer}", () => ServeAsync(id, connection));
        }
    }

    private async Task ServeAsync(long id, IConnection connection)
    {
        RequestOrigin origin = new(id, connection.Peer, name);
        await new Connection(connection, new FrameReader(connection, buffers, maxFrameBytes), apis, origin, journal).RunAsync();
        lock (_gate)
        {
            _open.Remove(id);
        }
    }

    private bool TryKeep(long id, IConnection connection)
    {
        lock (_gate)
        {
            if (!_stopped)
            {
                _open.Add(id, connection);
            }

            return !_stopped;
        }
    }
}
