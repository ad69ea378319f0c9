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
