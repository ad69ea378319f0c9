using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Connections;

/// <summary>
/// The one connection to one node: opened when it is first needed, and again after it has ended. Callers who come while it is being
/// opened share the attempt. After a failure the next attempt waits, longer each time.
/// </summary>
internal sealed class NodeConnection(NetworkAddress address, ClientRuntime runtime) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Backoff _backoff = runtime.NewBackoff();
    private RpcChannel? _channel;
    private TaskCompletionSource<RpcConnectResult>? _opening;
    private TimeSpan _pause;
    private bool _disposed;

    public NetworkAddress Address => address;

    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _channel is { IsOpen: true };
            }
        }
    }

    /// <summary>The open channel, or why there is none.</summary>
    public async ValueTask<RpcConnectResult> OpenAsync()
    {
        TaskCompletionSource<RpcConnectResult>? others;
        TaskCompletionSource<RpcConnectResult> mine;
        TimeSpan pause;
        lock (_lock)
        {
            if (_disposed)
            {
                return Closed();
            }

            if (_channel is { IsOpen: true } open)
            {
                return new RpcConnectResult(ConnectOutcome.Accepted, open, "");
            }

            others = _opening;
            mine = _opening ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            pause = _pause;
        }

        if (others is not null)
        {
            return await others.Task;
        }

        RpcConnectResult result = Closed();
        try
        {
            if (pause == TimeSpan.Zero || await runtime.Waiters.Delay(pause) == WaitOutcome.Expired)
            {
                result = await runtime.Connector.ConnectAsync(address, runtime.Options.ConnectTimeout, CancellationToken.None);
            }
        }
        finally
        {
            Settle(result);
            mine.SetResult(result);
        }

        return result;
    }

    public void Dispose()
    {
        RpcChannel? channel;
        lock (_lock)
        {
            _disposed = true;
            channel = _channel;
        }

        channel?.Dispose();
    }

    private void Settle(RpcConnectResult result)
    {
        bool late;
        lock (_lock)
        {
            _opening = null;
            late = _disposed;
            if (result.Channel is not null)
            {
                _channel = result.Channel;
                _backoff.Reset();
                _pause = TimeSpan.Zero;
            }
            else
            {
                _pause = _backoff.Next();
            }
        }

        if (late)
        {
            result.Channel?.Dispose();
        }
    }

    private RpcConnectResult Closed() => new(ConnectOutcome.Silent, null, $"the connection to {address} is closed");
}
