namespace RaftLog.Platform.Tests;

public sealed class InMemoryNetworkTests : NetworkContract
{
    private protected override INetwork Network { get; } = new InMemoryNetwork(TimeProvider.System);

    [Fact]
    public async Task Hosts_with_one_port_number_are_apart()
    {
        using IListener one = Network.Listen(new NetworkAddress("node1", 9092));
        using IListener two = Network.Listen(new NetworkAddress("node2", 9092));
        (IConnection client, IConnection server) = await ConnectAsync(two);
        Assert.True(await client.SendAsync([new byte[] { 2 }]));
        Assert.Equal([2], await ReceiveAsync(server, 1));
    }
}

/// <summary>The same network, that gives its bytes in parts.</summary>
public sealed class InMemoryNetworkInPartsTests : NetworkContract
{
    private protected override INetwork Network { get; } = new InMemoryNetwork(TimeProvider.System, maxReceive: 777);
}
