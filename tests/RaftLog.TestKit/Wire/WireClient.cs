using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol.Wire;

namespace RaftLog.TestKit;

/// <summary>A plain connection to one node, for questions that no tool asks and for responses that no tool shows.</summary>
public sealed class WireClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly World World = World.Real() with { Process = new InMemoryProcess() };
    private static readonly Waiters Waiters = new(World.Time);
    private static readonly BufferPool Pool = new(World.Time, new BufferPoolLimits(512L << 20, 16L << 20, TimeSpan.FromSeconds(10)));
    private static readonly RpcConnector Connector = new(
        World.Network,
        Waiters,
        Pool,
        new Supervisor(World.Process),
        new RpcOptions("raftlog-tests"),
        "raftlog-tests",
        "1.0"
    );

    private readonly RpcChannel _channel;

    private WireClient(RpcChannel channel) => _channel = channel;

    /// <summary>Connects and shakes hands.</summary>
    /// <exception cref="WireException">There is no node, or none that talks.</exception>
    public static async Task<WireClient> ConnectAsync(int port)
    {
        RpcConnectResult result = await Connector.ConnectAsync(new NetworkAddress("127.0.0.1", port), Patience, CancellationToken.None);
        return new WireClient(result.Channel ?? throw new WireException(result.Reason));
    }

    /// <summary>Asks in the highest version that both speak, or below.</summary>
    /// <exception cref="WireException">There is no response.</exception>
    public async Task<TResponse> AskAsync<TResponse>(IRequest<TResponse> request, short highestVersion = short.MaxValue)
        where TResponse : class, IVersionedMessage, new() => Respond(request, await _channel.CallAsync(request, Patience, highestVersion));

    /// <summary>Asks in exactly this version, whatever the node says it speaks.</summary>
    /// <exception cref="WireException">There is no response.</exception>
    public async Task<TResponse> AskVersionAsync<TResponse>(IRequest<TResponse> request, short version)
        where TResponse : class, IVersionedMessage, new() => Respond(request, await _channel.CallVersionAsync(request, version, Patience));

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private static TResponse Respond<TResponse>(IRequest<TResponse> request, RpcResult<TResponse> result)
        where TResponse : class, IVersionedMessage, new() =>
        result.TryGet(out TResponse? response) ? response : throw new WireException($"{request.Api}: {result.Outcome}: {result.Reason}");
}
