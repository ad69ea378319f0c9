using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>One request over a connection of its own, without a client that retries.</summary>
internal static class RawCall
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<TResponse> AskAsync<TResponse>(
        INetwork network,
        NetworkAddress address,
        IRequest<TResponse> request,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new()
    {
        using Waiters waiters = new(TimeProvider.System);
        using BufferPool pool = new(TimeProvider.System, BufferPoolLimits.Default);
        RpcConnector connector = new(network, waiters, pool, new Supervisor(new InMemoryProcess()), new RpcOptions("test"), "test", "0");
        RpcConnectResult connected = await connector.ConnectAsync(address, Limit, CancellationToken.None);
        using RpcChannel? channel = connected.Channel;
        Assert.NotNull(channel);
        RpcResult<TResponse> result = await channel.CallAsync(request, Limit, highestVersion);
        Assert.True(result.TryGet(out TResponse? response), result.Reason);
        return response!;
    }
}
