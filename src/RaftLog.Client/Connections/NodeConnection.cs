using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Connections;

/// <summary>
/// One connection to one node: opened when it is first needed, and again after it has ended or is given up for new calls. Callers who
/// come while it is being opened share the attempt, each up to its own deadline. After a failure the next attempt waits, longer each time.
/// </summary>
internal sealed class NodeConnection(NetworkAddress address, ClientRuntime runtime) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Backoff _backoff = runtime.NewBackoff();
    private readonly ChannelSlot _channels = new();
    private readonly List<Wait> _waiting = [];
    private readonly CancellationTokenSource _stop = new();
    private string _failure = "";
    private ConnectOutcome _outcome = ConnectOutcome.Silent;
    private TimeSpan _pause;
    private bool _opening;
    private bool _disposed;

    public NetworkAddress Address => address;

    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _channels.Open is not null;
            }
        }
    }

    /// <summary>The open channel, or why there is none.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<RpcConnectResult> OpenAsync(CallDeadline deadline)
    {
        Wait opened;
        lock (_lock)
        {
            if (_disposed || _channels.Open is not null)
            {
                return Result();
            }

            opened = runtime.Waiters.Rent(deadline.Remaining);
            _waiting.Add(opened);
            if (!_opening)
            {
                _opening = true;
                runtime.Supervisor.Run("connect", ConnectAsync);
            }
        }

        WaitOutcome outcome = await deadline.OutcomeAsync(opened);
        lock (_lock)
        {
            _waiting.Remove(opened);
            return outcome == WaitOutcome.Expired
                ? new RpcConnectResult(
                    ConnectOutcome.Silent,
                    null,
                    $"{address} could not be reached within {deadline.Timeout.TotalMilliseconds} ms{Because(_failure)}"
                )
                : Result();
        }
    }

    public void Dispose()
    {
        IReadOnlyList<RpcChannel> channels;
        List<Wait> waiting;
        lock (_lock)
        {
            _disposed = true;
            waiting = [.. _waiting];
            channels = _channels.TakeAll();
        }

        foreach (RpcChannel channel in channels)
        {
            channel.Dispose();
        }

        // A node that accepts and says nothing holds up nobody who ends: neither who waits for it, nor the attempt itself.
        waiting.ForEach(wait => wait.TryComplete(WaitOutcome.Ready));
        _stop.Cancel();
    }

    private async Task ConnectAsync()
    {
        RpcConnectResult result = new(ConnectOutcome.Silent, null, $"the connection to {address} is closed");
        if (_pause == TimeSpan.Zero || await runtime.Waiters.Delay(_pause) == WaitOutcome.Expired)
        {
            result = await runtime.Connector.ConnectAsync(address, runtime.Options.ConnectTimeout, _stop.Token);
        }

        bool isLate;
        List<Wait> waiting;
        lock (_lock)
        {
            isLate = _disposed;
            _opening = false;
            waiting = [.. _waiting];
            if (result.Channel is not null)
            {
                _channels.Replace(result.Channel);
                _backoff.Reset();
                _pause = TimeSpan.Zero;
            }
            else
            {
                _pause = _backoff.Next();
            }

            (_outcome, _failure) = (result.Outcome, result.Reason);
        }

        waiting.ForEach(wait => wait.TryComplete(WaitOutcome.Ready));
        if (isLate)
        {
            result.Channel?.Dispose();
        }
    }

    private RpcConnectResult Result() =>
        _disposed ? new RpcConnectResult(ConnectOutcome.Silent, null, $"the connection to {address} is closed")
        : _channels.Open is { } open ? new RpcConnectResult(ConnectOutcome.Accepted, open, "")
        : new RpcConnectResult(_outcome, null, _failure);

    private static string Because(string failure) => failure.Length == 0 ? "" : $"; the last attempt: {failure}";
}
