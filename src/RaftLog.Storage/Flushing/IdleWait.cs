using System.Threading.Tasks.Sources;

namespace RaftLog.Storage;

/// <summary>
/// The one wait of a loop that has nothing to do, used again each time. <see cref="Begin"/> and <see cref="End"/> are called under the
/// loop's lock.
/// </summary>
internal sealed class IdleWait : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private bool _isWaiting;

    /// <summary>Begins the wait; the one before has ended and was awaited.</summary>
    public ValueTask Begin()
    {
        _core.Reset();
        _isWaiting = true;
        return new ValueTask(this, _core.Version);
    }

    /// <summary>Ends the wait, if there is one.</summary>
    public void End()
    {
        if (_isWaiting)
        {
            _isWaiting = false;
            _core.SetResult(true);
        }
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
