using System.Net;
using System.Net.Sockets;
using RaftLog.Jepsen.Network;

namespace RaftLog.Jepsen.Tests;

/// <summary>A port behind a proxy behaves as the port itself does, until a fault is asked for.</summary>
public sealed class ProxyTests : IDisposable
{
    private readonly Links _links = new(1);
    private readonly int _proxyPort = FreePorts.Take();
    private readonly TcpListener _target = new(IPAddress.Loopback, 0);
    private readonly PortProxy _proxy;

    public ProxyTests()
    {
        _target.Start();
        _proxy = new PortProxy(1, ((IPEndPoint)_target.LocalEndpoint).Port, _proxyPort, _links, () => [(1, 0)]);
        _proxy.Follow();
    }

    public void Dispose()
    {
        _proxy.Dispose();
        _target.Dispose();
    }

    [Fact]
    public async Task Bytes_go_both_ways_and_an_end_is_passed_on()
    {
        using TcpClient caller = await ConnectAsync();
        using TcpClient target = await _target.AcceptTcpClientAsync();
        await caller.GetStream().WriteAsync("hello"u8.ToArray());
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(target, 5));
        await target.GetStream().WriteAsync("you"u8.ToArray());
        Assert.Equal("you"u8.ToArray(), await ReadAsync(caller, 3));
        target.Close();
        Assert.Equal(0, await caller.GetStream().ReadAsync(new byte[1]));
    }

    [Fact]
    public async Task A_cut_holds_one_direction_only()
    {
        using TcpClient caller = await ConnectAsync();
        using TcpClient target = await _target.AcceptTcpClientAsync();
        _links[Links.Clients, 1].Cut();
        await caller.GetStream().WriteAsync("held"u8.ToArray());
        await target.GetStream().WriteAsync("heard"u8.ToArray());
        Assert.Equal("heard"u8.ToArray(), await ReadAsync(caller, 5));
        Assert.Equal(0, target.Available);
        _links.HealAll();
        Assert.Equal("held"u8.ToArray(), await ReadAsync(target, 4));
        Assert.True(_links[Links.Clients, 1].Effects > 0);
    }

    [Fact]
    public async Task A_reset_is_seen_as_one_on_both_sides()
    {
        using TcpClient caller = await ConnectAsync();
        using TcpClient target = await _target.AcceptTcpClientAsync();
        await caller.GetStream().WriteAsync("x"u8.ToArray());
        await ReadAsync(target, 1);
        Assert.Equal(1, _proxy.Reset(Links.Clients));
        await Assert.ThrowsAnyAsync<IOException>(async () => await caller.GetStream().ReadExactlyAsync(new byte[1]));
        await Assert.ThrowsAnyAsync<IOException>(async () => await target.GetStream().ReadExactlyAsync(new byte[1]));
    }

    [Fact]
    public async Task The_port_is_closed_before_anybody_hears_that_the_target_has_ended()
    {
        using TcpClient caller = await ConnectAsync();
        TcpClient target = await _target.AcceptTcpClientAsync();
        _target.Stop();
        target.Close();
        Assert.Equal(0, await caller.GetStream().ReadAsync(new byte[1]));
        SocketException rejected = await Assert.ThrowsAsync<SocketException>(ConnectAsync);
        Assert.Equal(SocketError.ConnectionRefused, rejected.SocketErrorCode);
    }

    [Fact]
    public async Task Callers_that_vanish_do_not_stop_the_proxy()
    {
        for (int i = 0; i < 100; i++)
        {
            using Socket gone = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            {
                LingerState = new LingerOption(true, 0),
            };
            gone.Connect(IPAddress.Loopback, _proxyPort);
        }

        using TcpClient caller = await ConnectAsync();
        await caller.GetStream().WriteAsync("x"u8.ToArray());
        while (true)
        {
            // Those that vanished late were connected to the target first.
            using TcpClient target = await _target.AcceptTcpClientAsync();
            if (await FirstByteAsync(target) == 'x')
            {
                return;
            }
        }
    }

    [Fact]
    public async Task The_owner_of_a_socket_is_found_by_its_ports()
    {
        using TcpClient caller = await ConnectAsync();
        int port = ((IPEndPoint)caller.Client.LocalEndPoint!).Port;

        Assert.Equal(Environment.ProcessId, SocketOwner.Find(port, _proxyPort, [Environment.ProcessId]));
        Assert.Equal(0, SocketOwner.Find(port, _proxyPort, []));
        Assert.Null(SocketOwner.Find(port, _proxyPort + 1, [Environment.ProcessId]));
    }

    private static async Task<int> FirstByteAsync(TcpClient from)
    {
        byte[] one = new byte[1];
        try
        {
            return await from.GetStream().ReadAsync(one) == 1 ? one[0] : -1;
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private static async Task<byte[]> ReadAsync(TcpClient from, int count)
    {
        byte[] bytes = new byte[count];
        await from.GetStream().ReadExactlyAsync(bytes);
        return bytes;
    }

    private async Task<TcpClient> ConnectAsync()
    {
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _proxyPort);
        return client;
    }
}
