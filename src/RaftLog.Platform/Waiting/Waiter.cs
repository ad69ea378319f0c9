using System.Threading.Tasks.Sources;

namespace RaftLog.Platform.Waiting;

/// <summary>
/// The reusable object behind a <see cref="Wait"/>. Each use has a version; <c>_state</c> is twice the version while it is pending and one
/// more once it has ended, so that ending it is one compare-and-swap that a stale ticket cannot win. It is itself the work item in which
/// what awaits it goes on.
/// </summary>
internal sealed class Waiter : IValueTaskSource<WaitOutcome>, IThreadPoolWorkItem
{
    private readonly Waiters _owner;
    private ManualResetValueTaskSourceCore<WaitOutcome> _core = new() { RunContinuationsAsynchronously = true };
    private long _state;
    private WaitOutcome _outcome;

    // True once somebody awaits it who goes on where there is a pool thread, and in no context of its own.
    private volatile bool _continuesOnPool;

    internal Waiter(Waiters owner) => _owner = owner;

    // The links and the deadline belong to the owner's wheel and are touched under its lock only.
    internal Waiter? Previous { get; set; }

    internal Waiter? Next { get; set; }

    internal long Deadline { get; set; }

    internal int Bucket { get; set; } = DeadlineWheel.Unlinked;

    internal long Version => Volatile.Read(ref _state) >> 1;

    internal bool IsPending(long version) => Volatile.Read(ref _state) == version << 1;

    internal bool TryComplete(long version, WaitOutcome outcome, bool here)
    {
        long pending = version << 1;
        if (Interlocked.CompareExchange(ref _state, pending | 1, pending) != pending)
        {
            return false;
        }

        if (here)
        {
            // Nobody else writes it: only one ends a wait.
            _core.RunContinuationsAsynchronously = false;
            _core.SetResult(outcome);
        }
        else if (_continuesOnPool)
        {
            _outcome = outcome;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        }
        else
        {
            // Nobody awaits it yet, or in a context to which the core posts. Who begins to await it now goes on later, too.
            _core.SetResult(outcome);
        }

        return true;
    }

    WaitOutcome IValueTaskSource<WaitOutcome>.GetResult(short token)
    {
        WaitOutcome outcome = _core.GetResult(token);
        _core.Reset();
        _core.RunContinuationsAsynchronously = true;
        _continuesOnPool = false;
        Volatile.Write(ref _state, (Version + 1) << 1);
        _owner.Return(this);
        return outcome;
    }

    ValueTaskSourceStatus IValueTaskSource<WaitOutcome>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<WaitOutcome>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    )
    {
        // Before the core knows the continuation: after that the object may serve another wait at once.
        _continuesOnPool = SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default;
        _core.OnCompleted(continuation, state, token, flags);
    }

    void IThreadPoolWorkItem.Execute()
    {
        _core.RunContinuationsAsynchronously = false;
        _core.SetResult(_outcome);
    }
}
