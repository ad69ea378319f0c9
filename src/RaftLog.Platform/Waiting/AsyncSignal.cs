using RaftLog.Protocol;

namespace RaftLog.Platform.Waiting;

/// <summary>
/// An edge-triggered wake-up for the loop that owns it (a flusher, a sender): any number of <see cref="Set"/> before the loop waits
/// again count as one, and none is lost between the loop's check and its wait. One waiter at a time.
/// </summary>
public sealed partial class AsyncSignal(Waiters waiters)
{
    private readonly Lock _lock = new();
    private Wait _waiting;
    private bool _set;
    private bool _closed;

    /// <summary>Wakes the waiter, or the next wait at once.</summary>
    public void Set()
    {
        lock (_lock)
        {
            if (!_waiting.TryComplete(WaitOutcome.Ready))
            {
                _set = true;
                SeededBugLosesWakeUp();
            }
        }
    }

    partial void SeededBugLosesWakeUp();

    /// <summary>
    /// As <see cref="Set"/>, but a loop that waits may go on before this returns: for whoever holds no lock, and would rather run the
    /// loop's turn than wake a thread for it. A caller with a synchronization context or a task scheduler of its own gets no loop to run,
    /// since the loop would go on there for good.
    /// </summary>
    public void SetHere()
    {
        if (SynchronizationContext.Current is not null || TaskScheduler.Current != TaskScheduler.Default)
        {
            Set();
            return;
        }

        while (true)
        {
            Wait waiting;
            lock (_lock)
            {
                waiting = _waiting;
                if (!waiting.IsPending)
                {
                    _set = true;
                    return;
                }
            }

            // Outside of the lock, since the loop's turn would run under it. Where time ends the wait first the loop may wait anew already.
            if (waiting.TryCompleteHere(WaitOutcome.Ready))
            {
                return;
            }
        }
    }

    /// <summary>Waits for the next <see cref="Set"/>.</summary>
    public ValueTask<WaitOutcome> WaitAsync() => WaitAsync(Timeout.InfiniteTimeSpan);

    /// <summary>Waits for the next <see cref="Set"/>, at most for a time.</summary>
    public ValueTask<WaitOutcome> WaitAsync(TimeSpan timeout)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return ValueTask.FromResult(WaitOutcome.Closed);
            }

            if (_set)
            {
                _set = false;
                return ValueTask.FromResult(WaitOutcome.Ready);
            }

            Invariant.Holds(!_waiting.IsPending, "P-02", "two loops wait for one signal");
            _waiting = waiters.Rent(timeout);
            return _waiting.Outcome;
        }
    }

    /// <summary>Ends the wait under way, and every later one, as <see cref="WaitOutcome.Closed"/>.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _waiting.TryComplete(WaitOutcome.Closed);
        }
    }
}
