using RaftLog.Platform;
using RaftLog.Platform.Rpc;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// The way to one node: a channel that is opened on first use and anew after it has ended. Callers at the same time share one connect.
/// </summary>
internal sealed class PeerLink(RpcConnector connector, NetworkAddress address, TimeSpan connectTimeout) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private RpcChannel? _channel;

    /// <summary>Channels that take no more calls, and still wait for responses to some; bounded by how long a call may take.</summary>
    private readonly List<RpcChannel> _retired = [];
    private Task<RpcConnectResult>? _connecting;
    private bool _disposed;

    /// <summary>Where the node is.</summary>
    public NetworkAddress Address { get; } = address;

    /// <summary>The open channel, or how the attempt to open one ended.</summary>
    public ValueTask<RpcConnectResult> OpenAsync()
    {
        lock (_gate)
        {
            if (_channel is { IsOpen: true } open)
            {
                return ValueTask.FromResult(new RpcConnectResult(ConnectOutcome.Accepted, open, ""));
            }

            if (_disposed)
            {
                return ValueTask.FromResult(new RpcConnectResult(ConnectOutcome.Silent, null, "this node is stopping"));
            }

            return new ValueTask<RpcConnectResult>(_connecting ??= ConnectAsync());
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _channel?.Dispose();
            _retired.ForEach(static each => each.Dispose());
        }

        // A peer that accepts and says nothing holds up nobody who stops.
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task<RpcConnectResult> ConnectAsync()
    {
        // The task must be stored before it can end: whoever ends it clears the field.
        CancellationToken stop = _stop.Token;
        await Task.Yield();
        RpcConnectResult result = await connector.ConnectAsync(Address, connectTimeout, stop);
        lock (_gate)
        {
            _connecting = null;
            _retired.RemoveAll(static each => each.HasEnded);
            if (_channel is { HasEnded: false } retired)
            {
                _retired.Add(retired);
            }

            _channel = result.Channel;
            if (_disposed)
            {
                _channel?.Dispose();
            }
        }

        return result;
    }
}
