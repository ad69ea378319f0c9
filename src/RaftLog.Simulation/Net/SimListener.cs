using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>An open port. Who offers a connection is the host's system, so a paused process accepts too.</summary>
internal sealed class SimListener(NetworkAddress address, Incarnation owner) : IListener
{
    private readonly Queue<SimConnection> _offered = new();
    private TaskCompletionSource? _waiting;
    private bool _disposed;

    public NetworkAddress Address => address;

    internal Incarnation Owner => owner;

    internal bool IsOpen => !_disposed && owner.IsAlive;

    public async ValueTask<IConnection?> AcceptAsync()
    {
        while (!_disposed)
        {
            if (_offered.TryDequeue(out SimConnection? connection))
            {
                return connection;
            }

            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await _waiting.Task;
        }

        return null;
    }

    public void Dispose()
    {
        _disposed = true;
        _waiting?.TrySetResult();
        while (_offered.TryDequeue(out SimConnection? waiting))
        {
            waiting.Reset();
        }
    }

    internal void Offer(SimConnection connection)
    {
        _offered.Enqueue(connection);
        _waiting?.TrySetResult();
    }
}
