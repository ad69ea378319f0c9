namespace RaftLog.Platform.Tests;

public sealed class TcpNetworkTests : NetworkContract
{
    private protected override INetwork Network { get; } = new TcpNetwork(TimeProvider.System, new TcpOptions());

    [Fact]
    public void An_address_of_another_machine_is_refused_with_a_reason()
    {
        NetworkException refused = Assert.Throws<NetworkException>(() => Network.Listen(new NetworkAddress("192.0.2.1", 0)));
        Assert.Contains("no such address", refused.Message, StringComparison.Ordinal);
        Assert.Contains("192.0.2.1:0", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_cannot_be_listened_on()
    {
        NetworkException refused = Assert.Throws<NetworkException>(() => Network.Listen(new NetworkAddress("no-such-host.invalid", 0)));
        Assert.Contains("not a known host name", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_response_by_the_deadline_is_silence()
    {
        // A full backlog of one: the kernel answers no further connect.
        using System.Net.Sockets.Socket full = new(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        full.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        full.Listen(0);
        NetworkAddress address = new("127.0.0.1", ((System.Net.IPEndPoint)full.LocalEndPoint!).Port);
        List<IConnection> taken = [];
        ConnectResult result;
        do
        {
            result = await Network.ConnectAsync(address, TimeSpan.FromMilliseconds(50), CancellationToken.None);
            if (result.Connection is not null)
            {
                taken.Add(result.Connection);
            }
        } while (result.Outcome == ConnectOutcome.Accepted && taken.Count < 100);
        Assert.Equal(ConnectOutcome.Silent, result.Outcome);
        Assert.Contains("no response", result.Reason, StringComparison.Ordinal);
        taken.ForEach(connection => connection.Dispose());
    }

    [Theory]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::1")]
    [InlineData("", "127.0.0.1")]
    [InlineData("", "::1")]
    public async Task A_listener_on_every_address_is_reached_by_IPv4_and_by_IPv6(string host, string client)
    {
        using IListener listener = Network.Listen(new NetworkAddress(host, 0));
        ConnectResult result = await Network.ConnectAsync(
            new NetworkAddress(client, listener.Address.Port),
            TimeSpan.FromSeconds(10),
            CancellationToken.None
        );
        Assert.Equal(ConnectOutcome.Accepted, result.Outcome);
        result.Connection!.Dispose();
    }

    [Fact]
    public async Task A_host_name_that_no_name_server_could_know_is_silent()
    {
        NetworkAddress address = new(new string('a', 300), 9092);
        ConnectResult result = await Network.ConnectAsync(address, TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.Equal(ConnectOutcome.Silent, result.Outcome);
        Assert.Contains(address.Host, result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_system_that_lacks_a_setting_of_sending_is_no_obstacle()
    {
        // A socket of another protocol refuses every option of TCP.
        using System.Net.Sockets.Socket datagrams = new(System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
        new TcpOptions(SendBufferBytes: 1 << 20).Apply(datagrams);
        Assert.True(datagrams.SendBufferSize > 1 << 18);
    }

    [Fact]
    public async Task What_a_slow_peer_takes_shows_before_there_is_room_for_more()
    {
        const int Offered = 16 << 20;
        const int LeastTaken = 100 << 10;
        using IListener listener = Network.Listen(new NetworkAddress("127.0.0.1", 0));
        TcpNetwork small = new(TimeProvider.System, new TcpOptions(ReceiveBufferBytes: 64 << 10));
        ConnectResult result = await small.ConnectAsync(listener.Address, TimeSpan.FromSeconds(10), CancellationToken.None);
        using IConnection slow = result.Connection!;
        using IConnection sender = (await listener.AcceptAsync())!;
        ValueTask<bool> sending = sender.SendAsync([new ReadOnlyMemory<byte>(new byte[Offered])]);
        (long sent, long taken) = (-1, -1);
        while (sent != sender.BytesSent || taken != sender.BytesTaken)
        {
            (sent, taken) = (sender.BytesSent, sender.BytesTaken);
            await Task.Delay(200);
        }

        Assert.InRange(taken, 1, sent - (2 * LeastTaken));
        byte[] buffer = new byte[4 << 10];
        for (int read = 0; read < 2 * LeastTaken; )
        {
            read += await slow.ReceiveAsync(buffer);
        }

        Assert.True(SpinWait.SpinUntil(() => sender.BytesTaken >= taken + LeastTaken, TimeSpan.FromSeconds(30)));
        Assert.Equal(sent, sender.BytesSent);
        slow.Reset();
        Assert.False(await sending);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_sent_little()
    {
        const int Offered = 64 << 20;
        using IListener listener = Network.Listen(new NetworkAddress("127.0.0.1", 0));
        ConnectResult result = await Network.ConnectAsync(listener.Address, TimeSpan.FromSeconds(10), CancellationToken.None);
        using IConnection silent = result.Connection!;
        using IConnection sender = (await listener.AcceptAsync())!;
        ValueTask<bool> sending = sender.SendAsync([new ReadOnlyMemory<byte>(new byte[Offered])]);
        long sent = -1;
        while (sent != sender.BytesSent)
        {
            sent = sender.BytesSent;
            await Task.Delay(200);
        }

        Assert.InRange(sent, 1, 2 << 20);
        silent.Reset();
        Assert.False(await sending);
    }
}
