using System.Threading.Tasks.Sources;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>
/// What the producer of one record awaits. Used again once it has been awaited; one that nobody awaits, or whose wait was cancelled while
/// the record was under way, goes to the garbage collector.
/// </summary>
internal sealed class RecordCompletion(CompletionPool? pool) : IValueTaskSource<ProduceResult>
{
    /// <summary>Of records whose end nobody wants to know; the second of those whose caller has named the partition.</summary>
    public static readonly RecordCompletion Nobody = new(null);
    public static readonly RecordCompletion NobodyPinned = new(null) { IsPinned = true };

    private ManualResetValueTaskSourceCore<ProduceResult> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancel;
    private int _ended;
    private bool _isCancelled;

    /// <summary>True when its caller named the partition: the record may go to no other.</summary>
    public bool IsPinned { get; set; }

    /// <summary>What is called in the place of an awaiter; null where somebody awaits.</summary>
    public Action<ProduceResult, Exception?>? Delivered { get; set; }

    public ValueTask<ProduceResult> Task => new(this, _core.Version);

    public void Succeed(int partition, Offset offset)
    {
        if (TryEnd() && !TryDeliver(new ProduceResult(partition, offset), null))
        {
            _core.SetResult(new ProduceResult(partition, offset));
        }
    }

    public void Fail(KafkaException reason)
    {
        if (TryEnd() && !TryDeliver(default, reason))
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
                pool?.Return(this);
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

    /// <summary>Awaits a record for a callback.</summary>
    public static async Task TellAsync(ValueTask<ProduceResult> produced, Action<ProduceResult, Exception?>? delivered)
    {
        try
        {
            ProduceResult result = await produced;
            Tell(delivered, result, null);
        }
        catch (Exception e)
        {
            Tell(delivered, default, e);
        }
    }

    private static void Tell(Action<ProduceResult, Exception?>? delivered, ProduceResult result, Exception? failure)
    {
        try
        {
            delivered?.Invoke(result, failure);
        }
        catch (Exception)
        {
            // A callback that fails must not end the loop that sends, and there is nobody to tell.
        }
    }

    private bool TryDeliver(ProduceResult result, KafkaException? failure)
    {
        if (Delivered is not { } delivered)
        {
            return false;
        }

        Delivered = null;
        Volatile.Write(ref _ended, 0);
        pool?.Return(this);
        Tell(delivered, result, failure);
        return true;
    }

    private bool TryEnd() => pool is not null && Interlocked.Exchange(ref _ended, 1) == 0;

    private void Cancel()
    {
        if (TryEnd())
        {
            _isCancelled = true;
            _core.SetException(new OperationCanceledException(_cancel));
        }
    }
}
