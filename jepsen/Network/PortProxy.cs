using System.Net;
using System.Net.Sockets;

namespace RaftLog.Jepsen.Network;

/// <summary>
/// Stands before one port of one node, and listens only while the node does: a proxy that accepts for the dead would hide them. Finds out
/// whose connection it is by the caller's port.
/// </summary>
internal sealed class PortProxy(int node, int targetPort, int port, Links links, Func<IReadOnlyList<(int Node, int Pid)>> processes)
    : IDisposable
{
    private const int Backlog = 128;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly HashSet<ProxiedConnection> _connections = [];
    private Socket? _listener;
    private bool _disposed;

    /// <summary>The node behind it.</summary>
    public int Node => node;

    /// <summary>Listens if, and only if, the node does.</summary>
    public void Follow()
    {
        lock (_lock)
        {
            if (!_disposed && ListeningPort.IsOpen(targetPort))
            {
                Open();
            }
            else
            {
                _listener?.Dispose();
                _listener = null;
            }
        }
    }

    /// <summary>Resets the connections of one party, or of all; how many there were.</summary>
    public int Reset(int? source)
    {
        List<ProxiedConnection> chosen;
        lock (_lock)
        {
            chosen = [.. _connections.Where(each => source is null || each.Source == source)];
        }

        chosen.ForEach(each => each.Reset());
        return chosen.Count;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _listener?.Dispose();
            _listener = null;
        }

        Reset(null);
    }

    private void Open()
    {
        if (_listener is not null)
        {
            return;
        }

        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(Backlog);
        _listener = listener;
        _ = AcceptAsync(listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (IsOpen(listener))
        {
            try
            {
                _ = ServeAsync(await listener.AcceptAsync());
            }
            catch (SocketException)
            {
                // A caller that has gone before it was accepted, or the end of the listener: look which.
                await Task.Delay(AcceptPause, TimeProvider.System);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private bool IsOpen(Socket listener)
    {
        lock (_lock)
        {
            return ReferenceEquals(listener, _listener);
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        // The next caller does not wait for this one.
        await Task.Yield();
        if (SourceOf(caller) is not { } source)
        {
            caller.Dispose();
            return;
        }

        Direction forward = links[source, node];
        Socket target = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            caller.NoDelay = true;
            await forward.PassAsync(CancellationToken.None);
            await target.ConnectAsync(new IPEndPoint(IPAddress.Loopback, targetPort));
        }
        catch (SocketException)
        {
            Follow();
            caller.LingerState = new LingerOption(enable: true, seconds: 0);
            caller.Dispose();
            target.Dispose();
            return;
        }

        ProxiedConnection connection = new(caller, target, source, forward, links[node, source], Follow);
        lock (_lock)
        {
            if (_disposed)
            {
                connection.Dispose();
                return;
            }

            _connections.Add(connection);
        }

        await connection.RunAsync();
        lock (_lock)
        {
            _connections.Remove(connection);
        }
    }

    /// <summary>Whose connection it is; null when the caller has gone already.</summary>
    private int? SourceOf(Socket caller)
    {
        if (PeerPort(caller) is not { } callerPort)
        {
            return null;
        }

        // Most callers are clients, which live in this process.
        IReadOnlyList<(int Node, int Pid)> nodes = processes();
        return SocketOwner.Find(callerPort, port, nodes.Select(each => each.Pid).Prepend(Environment.ProcessId)) switch
        {
            null => null,
            int pid => nodes.Where(each => each.Pid != 0 && each.Pid == pid).Select(each => each.Node).FirstOrDefault(Links.Clients),
        };
    }

    private static int? PeerPort(Socket caller)
    {
        try
        {
            return ((IPEndPoint)caller.RemoteEndPoint!).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
