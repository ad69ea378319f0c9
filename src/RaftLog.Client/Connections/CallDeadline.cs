using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Connections;

/// <summary>A point on the client's clock until which something may go on, unless its caller gives it up before.</summary>
internal readonly struct CallDeadline(Waiters waiters, TimeSpan timeout, CancellationToken cancel = default)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(10_000);

    private readonly long _atMs = waiters.NowMs + (long)Math.Ceiling(Bounded(timeout).TotalMilliseconds);

    /// <summary>The time left; never negative.</summary>
    public TimeSpan Remaining => waiters.Until(_atMs);

    public bool HasPassed => Remaining == TimeSpan.Zero;

    /// <summary>The time that there was in all, for messages.</summary>
    public TimeSpan Timeout => timeout;

    /// <summary>Cancelled when the caller gives up.</summary>
    public CancellationToken Cancel => cancel;

    /// <summary>The time left, or less.</summary>
    public TimeSpan AtMost(TimeSpan limit) => Remaining < limit ? Remaining : limit;

    /// <summary>Waits for a pause, or until the deadline; false when there is no time left or the client is closed.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> PauseAsync(TimeSpan pause)
    {
        TimeSpan remaining = Remaining;
        if (pause >= remaining)
        {
            cancel.ThrowIfCancellationRequested();
            return false;
        }

        Wait wait = waiters.Rent(pause);
        return await OutcomeAsync(wait) == WaitOutcome.Expired;
    }

    /// <summary>Waits for what ends <paramref name="wait"/>, which was rented for the time left.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<WaitOutcome> OutcomeAsync(Wait wait)
    {
        if (!cancel.CanBeCanceled)
        {
            return await wait.Outcome;
        }

        WaitOutcome outcome;
        using (cancel.UnsafeRegister(static state => ((Wait)state!).TryComplete(WaitOutcome.Closed), wait))
        {
            outcome = await wait.Outcome;
        }

        // What was ready first has happened, and its waiter has to take it.
        if (outcome != WaitOutcome.Ready)
        {
            cancel.ThrowIfCancellationRequested();
        }

        return outcome;
    }

    private static TimeSpan Bounded(TimeSpan timeout) =>
        timeout == System.Threading.Timeout.InfiniteTimeSpan || timeout > Longest ? Longest : timeout;
}
