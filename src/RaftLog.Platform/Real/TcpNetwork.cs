using System.Net;
using System.Net.Sockets;

namespace RaftLog.Platform;

/// <summary>The real network: TCP, with no delay and with buffers that the kernel sizes.</summary>
/// <param name="time">The clock of connect timeouts.</param>
/// <param name="options">Socket settings.</param>
public sealed class TcpNetwork(TimeProvider time, TcpOptions options) : INetwork
{
    private const int MaxBacklog = 1024;

    /// <summary>Where names are looked up.</summary>
    internal INameResolver Names { get; init; } = new SystemNameResolver();

    /// <inheritdoc/>
    public IListener Listen(NetworkAddress address)
    {
        (IPAddress ip, bool both) = ListenAddress(address);
        Socket socket = new(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (ip.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = both;
            }

            // On Unix the runtime sets SO_REUSEADDR before it binds, as Kafka does: a restart does not wait for TIME_WAIT.
            options.Apply(socket);
            socket.Bind(new IPEndPoint(ip, address.Port));
            socket.Listen(MaxBacklog);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new NetworkException(address, ListenFailure(e), e);
        }

        int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return new TcpListener(socket, address with { Port = port }, options, time);
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        using CancellationTokenSource deadline = new(timeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            IReadOnlyList<IPAddress> targets = IPAddress.TryParse(address.Host, out IPAddress? ip)
                ? [ip]
                : await Names.AddressesAsync(address.Host, either.Token);

            // Only when every address of the name refuses is it certain that nobody listens.
            ConnectResult last = new(ConnectOutcome.Silent, null, $"{address.Host} has no address");
            bool allRefused = targets.Count > 0;
            foreach (IPAddress target in targets)
            {
                last = await ConnectToAsync(new IPEndPoint(target, address.Port), either.Token);
                if (last.Outcome == ConnectOutcome.Accepted)
                {
                    return last;
                }

                allRefused &= last.Outcome == ConnectOutcome.Refused;
            }

            return last with
            {
                Outcome = allRefused ? ConnectOutcome.Refused : ConnectOutcome.Silent,
            };
        }
        catch (OperationCanceledException)
        {
            string reason = cancel.IsCancellationRequested
                ? "cancelled"
                : $"no response from {address} in {timeout.TotalMilliseconds:0} ms";
            return new ConnectResult(ConnectOutcome.Silent, null, reason);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // A name that is too long to be one is an argument that .NET rejects.
            return new ConnectResult(ConnectOutcome.Silent, null, $"cannot connect to {address.Host}: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<NetworkAddress>> CanonicalAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        using CancellationTokenSource deadline = new(timeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            List<NetworkAddress> found = [];
            foreach (IPAddress each in await Names.AddressesAsync(address.Host, either.Token))
            {
                NetworkAddress named = address with { Host = await Names.CanonicalNameAsync(each, either.Token) };
                if (!found.Contains(named))
                {
                    found.Add(named);
                }
            }

            return found.Count > 0 ? found : [address];
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return [address];
        }
    }

    private static (IPAddress Address, bool BothFamilies) ListenAddress(NetworkAddress address)
    {
        if (address.Host.Length == 0)
        {
            return Socket.OSSupportsIPv6 ? (IPAddress.IPv6Any, true) : (IPAddress.Any, false);
        }

        if (IPAddress.TryParse(address.Host, out IPAddress? ip))
        {
            // "[::]" is every address of the machine, IPv4 included, as for Kafka.
            return (ip, ip.Equals(IPAddress.IPv6Any));
        }

        try
        {
            IPAddress[] all = Dns.GetHostAddresses(address.Host);
            return (Array.Find(all, a => a.AddressFamily == AddressFamily.InterNetwork) ?? all[0], false);
        }
        catch (Exception e) when (e is SocketException or IndexOutOfRangeException or ArgumentException)
        {
            throw new NetworkException(address, $"{address.Host} is not a known host name", e);
        }
    }

    private static string ListenFailure(SocketException e) =>
        e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => "the port is in use by another process; stop it, or choose another port",
            SocketError.AddressNotAvailable => "this machine has no such address",
            SocketError.AccessDenied => "not permitted; ports below 1024 need a privilege",
            _ => e.Message,
        };

    private async ValueTask<ConnectResult> ConnectToAsync(IPEndPoint target, CancellationToken cancel)
    {
        Socket socket = new(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            options.Apply(socket);
            socket.NoDelay = true;
            await socket.ConnectAsync(target, cancel);

            // A connect to a free local port may, by chance, be given that port as its own and so reach itself.
            if (target.Equals(socket.LocalEndPoint))
            {
                socket.Close(0);
                return new ConnectResult(ConnectOutcome.Refused, null, $"nobody listens on {target}");
            }

            return new ConnectResult(ConnectOutcome.Accepted, new TcpConnection(socket), "");
        }
        catch (SocketException e)
        {
            socket.Dispose();
            return e.SocketErrorCode == SocketError.ConnectionRefused
                ? new ConnectResult(ConnectOutcome.Refused, null, $"nobody listens on {target}")
                : new ConnectResult(ConnectOutcome.Silent, null, $"{target}: {e.Message}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
