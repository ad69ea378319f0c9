using System.Runtime.CompilerServices;

namespace RaftLog.Platform.Tests;

/// <summary>Counts the allocations of the whole process, so it runs alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class TcpAllocationTests
{
    [Fact]
    public async Task Receiving_and_sending_allocate_nothing_in_steady_state()
    {
        TcpNetwork network = new(TimeProvider.System, new TcpOptions());
        using IListener listener = network.Listen(new NetworkAddress("localhost", 0));
        ConnectResult connected = await network.ConnectAsync(listener.Address, TimeSpan.FromSeconds(30), CancellationToken.None);
        using IConnection client = connected.Connection!;
        using IConnection server = (await listener.AcceptAsync())!;
        SendPiece[] pieces = [new byte[100], new byte[50]];
        byte[] target = new byte[150];
        for (int i = 0; i < 500; i++)
        {
            await RoundAsync(client, server, pieces, target);
        }

        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < 2000; i++)
        {
            await RoundAsync(client, server, pieces, target);
        }

        // One object per round would be 24 bytes at the least; what is left is the test runner's.
        long perRound = (GC.GetTotalAllocatedBytes(precise: true) - before) / 2000;
        Assert.True(perRound < 24, $"{perRound} bytes per round");
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask RoundAsync(IConnection client, IConnection server, SendPiece[] pieces, byte[] target)
    {
        ValueTask<int> first = server.ReceiveAsync(target);
        await client.SendAsync(pieces);
        int received = await first;
        while (received < target.Length)
        {
            received += await server.ReceiveAsync(target.AsMemory(received));
        }
    }
}
