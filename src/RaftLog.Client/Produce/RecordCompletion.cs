using System.Threading.Tasks.Sources;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>
/// What the producer of one record awaits. Used again once it has been awaited; one that nobody awaits, or whose wait was cancelled while
/// the record was under way, goes to the garbage collector.
/// </summary>
internal sealed class RecordCompletion(CompletionPool pool) : IValueTaskSource<ProduceResult>
{
    private ManualResetValueTaskSourceCore<ProduceResult> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancel;
    private int _ended;
    private bool _isCancelled;

    public ValueTask<ProduceResult> Task => new(this, _core.Version);

    public void Succeed(int partition, Offset offset)
    {
        if (TryEnd())
        {
            _core.SetResult(new ProduceResult(partition, offset));
        }
    }

    public void Fail(KafkaException reason)
    {
        if (TryEnd())
        {
            _core.SetException(reason);
        }
    }

    /// <summary>Lets a token end the wait. Only before the task is given away, and after the record is in its queue.</summary>
    public void EndWith(CancellationToken cancel)
    {
        if (cancel.CanBeCanceled)
        {
            _cancel = cancel;
            _registration = cancel.UnsafeRegister(static self => ((RecordCompletion)self!).Cancel(), this);
        }
    }

    ProduceResult IValueTaskSource<ProduceResult>.GetResult(short token)
    {
        // Waits for a cancellation that is going on: it must not meet the next use.
        _registration.Dispose();
        _registration = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            if (!_isCancelled)
            {
                _core.Reset();
                Volatile.Write(ref _ended, 0);
                pool.Return(this);
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<ProduceResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<ProduceResult>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _core.OnCompleted(continuation, state, token, flags);

    private bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;

    private void Cancel()
    {
        if (TryEnd())
        {
            _isCancelled = true;
            _core.SetException(new OperationCanceledException(_cancel));
        }
    }
}
