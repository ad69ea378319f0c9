using RaftLog.Platform.Waiting;

namespace RaftLog.Client.Connections;

/// <summary>A point on the client's clock until which something may go on.</summary>
internal readonly struct Deadline(Waiters waiters, TimeSpan timeout)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(10_000);

    private readonly long _atMs = waiters.NowMs + (long)Math.Ceiling(Bounded(timeout).TotalMilliseconds);

    /// <summary>The time left; never negative.</summary>
    public TimeSpan Remaining => TimeSpan.FromMilliseconds(Math.Max(0, _atMs - waiters.NowMs));

    public bool HasPassed => Remaining == TimeSpan.Zero;

    /// <summary>Waits for a pause, or until the deadline; false when there is no time left or the client is closed.</summary>
    public async ValueTask<bool> PauseAsync(TimeSpan pause)
    {
        TimeSpan remaining = Remaining;
        return pause < remaining && await waiters.Delay(pause) == WaitOutcome.Expired;
    }

    private static TimeSpan Bounded(TimeSpan timeout) => timeout == Timeout.InfiniteTimeSpan || timeout > Longest ? Longest : timeout;
}
