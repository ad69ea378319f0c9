using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>One request to one node, once: no retry may blur what a response says.</summary>
public sealed class RawClient : IProcess, IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(2);

    private readonly Waiters _waiters;
    private readonly BufferPool _pool;
    private readonly RpcConnector _connector;
    private readonly SortedDictionary<NodeId, NetworkAddress> _addresses = [];
    private readonly SortedDictionary<NodeId, RpcChannel> _channels = [];

    /// <summary>A client of some nodes, which connects to each when it is first asked.</summary>
    /// <param name="world">What it runs in.</param>
    /// <param name="clientId">Its name.</param>
    /// <param name="nodes">Their addresses.</param>
    public RawClient(ClientWorld world, string clientId, IReadOnlyList<(NodeId Node, NetworkAddress Address)> nodes)
    {
        _waiters = new Waiters(world.Time);
        _pool = new BufferPool(world.Time, BufferPoolLimits.Default);
        _connector = new RpcConnector(world.Network, _waiters, _pool, new Supervisor(this), new RpcOptions(clientId), "raftlog-test", "0");
        foreach ((NodeId node, NetworkAddress address) in nodes)
        {
            _addresses[node] = address;
        }
    }

    /// <summary>The nodes that can be asked.</summary>
    public IReadOnlyList<NodeId> Nodes => [.. _addresses.Keys];

    /// <summary>Sends a request. <see cref="RpcOutcome.Unsupported"/> when nothing was sent at all.</summary>
    /// <param name="node">Whom to ask.</param>
    /// <param name="request">The request.</param>
    /// <param name="timeout">How long to wait for its response.</param>
    /// <param name="highestVersion">The highest version to speak.</param>
    public async ValueTask<RpcResult<TResponse>> CallAsync<TResponse>(
        NodeId node,
        IRequest<TResponse> request,
        TimeSpan timeout,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new()
    {
        if (!_channels.TryGetValue(node, out RpcChannel? channel) || !channel.IsOpen)
        {
            RpcConnectResult opened = await _connector.ConnectAsync(_addresses[node], ConnectLimit, CancellationToken.None);
            if (opened.Channel is null)
            {
                return RpcResult<TResponse>.Failed(RpcOutcome.Unsupported, opened.Reason);
            }

            channel?.Dispose();
            channel = _channels[node] = opened.Channel;
        }

        return await channel.CallAsync(request, timeout, highestVersion);
    }

    /// <summary>A defect of the client library ends the harness.</summary>
    public void Halt(string reason) => throw new InvalidOperationException(reason);

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (RpcChannel channel in _channels.Values)
        {
            channel.Dispose();
        }

        _waiters.Dispose();
        _pool.Dispose();
    }
}
