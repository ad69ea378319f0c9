using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>One request over a connection of its own, without a client that retries.</summary>
internal static class RawCall
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>True when the node serves the API there, in a version that is known here.</summary>
    public static async Task<bool> IsServedAsync(INetwork network, NetworkAddress address, ApiKey api) =>
        await WithChannelAsync(network, address, channel => Task.FromResult(channel.Versions.TryChoose(api, short.MaxValue, out _)));

    public static async Task<TResponse> AskAsync<TResponse>(
        INetwork network,
        NetworkAddress address,
        IRequest<TResponse> request,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new() =>
        await WithChannelAsync(
            network,
            address,
            async channel =>
            {
                RpcResult<TResponse> result = await channel.CallAsync(request, Limit, highestVersion);
                Assert.True(result.TryGet(out TResponse? response), result.Reason);
                return response!;
            }
        );

    private static async Task<T> WithChannelAsync<T>(INetwork network, NetworkAddress address, Func<RpcChannel, Task<T>> ask)
    {
        using Waiters waiters = new(TimeProvider.System);
        using BufferPool pool = new(TimeProvider.System, BufferPoolLimits.Default);
        RpcConnector connector = new(network, waiters, pool, new Supervisor(new InMemoryProcess()), new RpcOptions("test"), "test", "0");
        RpcConnectResult connected = await connector.ConnectAsync(address, Limit, CancellationToken.None);
        using RpcChannel? channel = connected.Channel;
        Assert.NotNull(channel);
        return await ask(channel);
    }
}
