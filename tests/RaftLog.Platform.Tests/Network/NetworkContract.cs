namespace RaftLog.Platform.Tests;

/// <summary>What every network must do; each implementation runs these tests.</summary>
public abstract class NetworkContract
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private protected abstract INetwork Network { get; }

    [Fact]
    public async Task A_listener_on_any_port_tells_which_and_accepts()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        Assert.NotEqual(0, listener.Address.Port);
        (IConnection client, IConnection server) = await ConnectAsync(listener);
        Assert.Equal(listener.Address.Port, client.Peer.Port);
        Assert.NotEqual(0, server.Peer.Port);
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task Bytes_arrive_in_order_both_ways()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Assert.True(await client.SendAsync([new byte[] { 1, 2 }, ReadOnlyMemory<byte>.Empty, new byte[] { 3 }]));
        Assert.True(await client.SendAsync([new byte[] { 4 }]));
        Assert.Equal([1, 2, 3, 4], await ReceiveAsync(server, 4));
        Assert.True(await server.SendAsync([new byte[] { 5, 6 }]));
        Assert.Equal([5, 6], await ReceiveAsync(client, 2));
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task Sending_nothing_succeeds()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Assert.True(await client.SendAsync([]));
        Assert.True(await client.SendAsync([ReadOnlyMemory<byte>.Empty]));
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task Many_large_pieces_arrive_whole()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        byte[] sent = new byte[3_000_000];
        new Random(7).NextBytes(sent);
        List<SendPiece> pieces = [];
        for (int at = 0; at < sent.Length; )
        {
            int length = Math.Min(1 + (at * 31 % 4001), sent.Length - at);
            pieces.Add(sent.AsMemory(at, length));
            at += length;
        }

        Task<bool> send = client.SendAsync(pieces).AsTask();
        Assert.Equal(sent, await ReceiveAsync(server, sent.Length));
        Assert.True(await send);
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task A_receive_of_length_zero_waits_for_bytes_and_takes_none()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<int> wait = server.ReceiveAsync(Memory<byte>.Empty).AsTask();
        Assert.True(await client.SendAsync([new byte[] { 9 }]));
        Assert.Equal(0, await wait);
        Assert.Equal([9], await ReceiveAsync(server, 1));
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task A_closed_connection_delivers_what_was_sent_and_then_ends()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Assert.True(await client.SendAsync([new byte[] { 1, 2, 3 }]));
        client.Dispose();
        Assert.Equal([1, 2, 3], await ReceiveAsync(server, 3));
        Assert.Equal(0, await server.ReceiveAsync(new byte[8]));
        Assert.Equal(0, await server.ReceiveAsync(new byte[8]));
        server.Dispose();
    }

    [Fact]
    public async Task A_reset_is_seen_as_a_reset()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<int> receive = server.ReceiveAsync(new byte[8]).AsTask();
        client.Reset();
        Assert.Equal(-1, await receive);
        server.Dispose();
    }

    [Fact]
    public async Task A_reset_ends_the_resetting_sides_own_receive_as_closed()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<int> receive = client.ReceiveAsync(new byte[8]).AsTask();
        client.Reset();
        Assert.Equal(0, await receive);
        Assert.Equal(-1, await server.ReceiveAsync(new byte[8]));
        Assert.False(await client.SendAsync([new byte[1]]));
        server.Dispose();
    }

    [Fact]
    public async Task A_disposed_connection_ends_its_own_pending_receive()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<int> receive = client.ReceiveAsync(new byte[8]).AsTask();
        client.Dispose();
        client.Dispose();
        Assert.Equal(0, await receive);
        Assert.Equal(0, await client.ReceiveAsync(new byte[8]));
        Assert.False(await client.SendAsync([new byte[1]]));
        server.Dispose();
    }

    [Fact]
    public async Task Sends_to_a_peer_that_is_gone_fail_in_the_end()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        server.Dispose();
        byte[] block = new byte[64 << 10];
        int sends = 0;
        while (await client.SendAsync([block]))
        {
            Assert.True(++sends < 10_000, "a send to a closed peer never failed");
        }

        client.Dispose();
    }

    [Fact]
    public async Task A_send_that_the_peer_does_not_read_waits_and_ends_when_the_peer_does()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        Task<bool> send = client.SendAsync([new byte[64 << 20]]).AsTask();
        Assert.False(send.IsCompleted);
        server.Reset();
        Assert.False(await send);
        client.Dispose();
    }

    [Fact]
    public async Task A_port_without_a_listener_refuses()
    {
        NetworkAddress address;
        using (IListener listener = Network.Listen(new NetworkAddress("localhost", 0)))
        {
            address = listener.Address;
        }

        ConnectResult result = await Network.ConnectAsync(address, Patience, CancellationToken.None);
        Assert.Equal(ConnectOutcome.Refused, result.Outcome);
        Assert.Null(result.Connection);
        Assert.Contains("nobody listens", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_host_is_silent()
    {
        ConnectResult result = await Network.ConnectAsync(
            new NetworkAddress("no-such-host.invalid", 9092),
            Patience,
            CancellationToken.None
        );
        Assert.Equal(ConnectOutcome.Silent, result.Outcome);
        Assert.Contains("no-such-host.invalid", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_connect_is_silent()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        ConnectResult result = await Network.ConnectAsync(listener.Address, Patience, new CancellationToken(canceled: true));
        Assert.Equal(ConnectOutcome.Silent, result.Outcome);
    }

    [Fact]
    public void A_port_in_use_is_refused_with_a_reason_that_helps()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        NetworkException refused = Assert.Throws<NetworkException>(() => Network.Listen(listener.Address));
        Assert.Equal(listener.Address, refused.Address);
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_can_be_listened_on_again_at_once_after_connections_were_closed_from_its_side()
    {
        NetworkAddress address;
        using (IListener listener = Network.Listen(new NetworkAddress("localhost", 0)))
        {
            address = listener.Address;
            (IConnection client, IConnection server) = await ConnectAsync(listener);
            server.Dispose();
            Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
            client.Dispose();
        }

        using IListener again = Network.Listen(address);
        (IConnection second, IConnection accepted) = await ConnectAsync(again);
        second.Dispose();
        accepted.Dispose();
    }

    [Fact]
    public async Task A_disposed_listener_ends_its_accept_and_refuses()
    {
        IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        Task<IConnection?> accept = listener.AcceptAsync().AsTask();
        listener.Dispose();
        listener.Dispose();
        Assert.Null(await accept);
        Assert.Null(await listener.AcceptAsync());
        ConnectResult result = await Network.ConnectAsync(listener.Address, Patience, CancellationToken.None);
        Assert.Equal(ConnectOutcome.Refused, result.Outcome);
    }

    [Fact]
    public async Task A_listener_on_every_interface_is_reached_by_name()
    {
        using IListener listener = Network.Listen(new NetworkAddress("", 0));
        Task<IConnection?> accept = listener.AcceptAsync().AsTask();
        ConnectResult result = await Network.ConnectAsync(
            new NetworkAddress("localhost", listener.Address.Port),
            Patience,
            CancellationToken.None
        );
        Assert.Equal(ConnectOutcome.Accepted, result.Outcome);
        (await accept)!.Dispose();
        result.Connection!.Dispose();
    }

    [Fact]
    public async Task A_peer_that_has_not_been_accepted_yet_may_send()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        ConnectResult result = await Network.ConnectAsync(listener.Address, Patience, CancellationToken.None);
        Assert.True(await result.Connection!.SendAsync([new byte[] { 1 }]));
        using IConnection? server = await listener.AcceptAsync();
        Assert.Equal([1], await ReceiveAsync(server!, 1));
        result.Connection.Dispose();
    }

    [Fact]
    public async Task Many_connections_echo_at_once()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        Task server = EchoAsync(listener, 50);
        List<Task> clients = [];
        for (int i = 0; i < 50; i++)
        {
            clients.Add(SpeakAsync(listener.Address, (byte)i));
        }

        await Task.WhenAll(clients);
        await server;
    }

    private protected async Task<(IConnection Client, IConnection Server)> ConnectAsync()
    {
        using IListener listener = Network.Listen(new NetworkAddress("localhost", 0));
        return await ConnectAsync(listener);
    }

    private protected async Task<(IConnection Client, IConnection Server)> ConnectAsync(IListener listener)
    {
        Task<IConnection?> accept = listener.AcceptAsync().AsTask();
        ConnectResult result = await Network.ConnectAsync(listener.Address, Patience, CancellationToken.None);
        Assert.Equal("", result.Reason);
        return (result.Connection!, (await accept)!);
    }

    private protected static async Task<byte[]> ReceiveAsync(IConnection connection, int count)
    {
        byte[] all = new byte[count];
        for (int at = 0; at < count; )
        {
            int received = await connection.ReceiveAsync(all.AsMemory(at));
            Assert.True(received > 0, $"the connection ended ({received}) after {at} of {count} bytes");
            at += received;
        }

        return all;
    }

    private static async Task EchoAsync(IListener listener, int connections)
    {
        List<Task> all = [];
        for (int i = 0; i < connections; i++)
        {
            IConnection connection = (await listener.AcceptAsync())!;
            all.Add(EchoOneAsync(connection));
        }

        await Task.WhenAll(all);
    }

    private static async Task EchoOneAsync(IConnection connection)
    {
        byte[] buffer = new byte[4096];
        int received;
        while ((received = await connection.ReceiveAsync(buffer)) > 0)
        {
            Assert.True(await connection.SendAsync([buffer.AsMemory(0, received)]));
        }

        connection.Dispose();
    }

    private async Task SpeakAsync(NetworkAddress address, byte value)
    {
        ConnectResult result = await Network.ConnectAsync(address, Patience, CancellationToken.None);
        Assert.Equal(ConnectOutcome.Accepted, result.Outcome);
        byte[] block = new byte[1000];
        Array.Fill(block, value);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(await result.Connection!.SendAsync([block]));
            Assert.Equal(block, await ReceiveAsync(result.Connection, block.Length));
        }

        result.Connection!.Dispose();
    }
}
