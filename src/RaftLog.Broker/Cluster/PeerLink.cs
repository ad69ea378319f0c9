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
    private readonly ChannelSlot _channels = new();
    private Task<RpcConnectResult>? _connecting;
    private bool _disposed;

    /// <summary>Where the node is.</summary>
    public NetworkAddress Address { get; } = address;

    /// <summary>The open channel, or how the attempt to open one ended.</summary>
    public ValueTask<RpcConnectResult> OpenAsync()
    {
        lock (_gate)
        {
            if (_channels.Open is { } open)
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
            foreach (RpcChannel channel in _channels.TakeAll())
            {
                channel.Dispose();
            }
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
            _channels.Replace(result.Channel);
            if (_disposed)
            {
                result.Channel?.Dispose();
            }
        }

        return result;
    }
}
