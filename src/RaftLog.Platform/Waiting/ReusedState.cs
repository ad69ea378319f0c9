using System.Threading.Tasks.Sources;

namespace RaftLog.Platform.Waiting;

/// <summary>What a caller awaits of an asynchronous method that did not return at once. It is awaited once.</summary>
internal class ReusedState<TResult> : IValueTaskSource<TResult>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<TResult> _core;

    internal ValueTask<TResult> Task => new(this, _core.Version);

    internal ValueTask UntypedTask => new(this, _core.Version);

    internal void SetResult(TResult result) => _core.SetResult(result);

    internal void SetException(Exception exception) => _core.SetException(exception);

    public TResult GetResult(short token)
    {
        // A token that is not valid throws here and gives nothing back: the state may serve another call by then.
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            return _core.GetResult(token);
        }

        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            GiveBack();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    /// <summary>Nobody uses it any more.</summary>
    private protected virtual void GiveBack() { }
}
