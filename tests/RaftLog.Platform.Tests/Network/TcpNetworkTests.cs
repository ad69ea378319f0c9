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
    public async Task No_answer_by_the_deadline_is_silence()
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
        }
        while (result.Outcome == ConnectOutcome.Accepted && taken.Count < 100);
        Assert.Equal(ConnectOutcome.Silent, result.Outcome);
        Assert.Contains("no answer", result.Reason, StringComparison.Ordinal);
        taken.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task Receiving_and_sending_in_steady_state_allocate_nothing()
    {
        (IConnection client, IConnection server) = await ConnectAsync();
        ReadOnlyMemory<byte>[] pieces = [new byte[100], new byte[50]];
        byte[] target = new byte[150];
        for (int i = 0; i < 200; i++)
        {
            await RoundAsync(client, server, pieces, target);
        }

        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < 1000; i++)
        {
            await RoundAsync(client, server, pieces, target);
        }

        // Other tests run beside this one and the awaits of the test itself may allocate: far less than one object per call is left.
        long perRound = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1000;
        client.Dispose();
        server.Dispose();
        Assert.True(perRound < 1000, $"{perRound} bytes per round");
    }

    private static async ValueTask RoundAsync(IConnection client, IConnection server, ReadOnlyMemory<byte>[] pieces, byte[] target)
    {
        await client.SendAsync(pieces);
        int received = 0;
        while (received < target.Length)
        {
            received += await server.ReceiveAsync(target.AsMemory(received));
        }
    }
}
