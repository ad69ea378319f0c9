namespace RaftLog.Platform.Waiting;

/// <summary>
/// The one way to wait (ARCHITECTURE D8): rents reusable waits and expires them at their deadlines with a single timer, however many
/// there are. One per node, on the node's clock. Safe for concurrent use. The caller bounds how many waits it has under way.
/// </summary>
public sealed class Waiters : IDisposable
{
    /// <summary>Waiters kept for reuse; more than these go to the garbage collector when their wait is over.</summary>
    private const int MaxSpare = 4096;

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Lock _lock = new();
    private readonly DeadlineWheel _wheel = new();
    private readonly Stack<Waiter> _spare = new();
    private readonly ITimer _timer;
    private long _armedFor = long.MaxValue;
    private bool _closed;

    /// <summary>Creates a source of waits on a clock.</summary>
    public Waiters(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();

        // The timer lives as long as its owner and must not keep the flow of whoever created it.
        using AsyncFlowControl? noFlow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _timer = time.CreateTimer(static self => ((Waiters)self!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The clock that the deadlines are on.</summary>
    public TimeProvider Time => _time;

    /// <summary>Milliseconds on the monotonic clock since these waiters were created: the <c>nowMs</c> that pure code takes.</summary>
    public long NowMs => (long)_time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>
    /// The time that is left until a point of <see cref="NowMs"/>; zero once it has passed. A plain difference would be -1 ms right after
    /// that point, and that is <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </summary>
    public TimeSpan Until(long atMs) => TimeSpan.FromMilliseconds(Math.Max(0, atMs - NowMs));

    /// <summary>
    /// Begins a wait that ends no earlier than after <paramref name="timeout"/> on its own. Zero or less: it is over at once.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: never on its own.
    /// </summary>
    public Wait Rent(TimeSpan timeout)
    {
        Waiter waiter;
        Wait wait;
        bool closed;
        lock (_lock)
        {
            waiter = _spare.TryPop(out Waiter? spare) ? spare : new Waiter(this);
            wait = new Wait(waiter, waiter.Version);
            closed = _closed;
            if (!closed && timeout == Timeout.InfiniteTimeSpan)
            {
                _wheel.Add(waiter, long.MaxValue);
            }
            else if (!closed && timeout > TimeSpan.Zero)
            {
                TimeSpan now = _time.GetElapsedTime(_start);
                double deadline = Math.Ceiling(now.TotalMilliseconds + timeout.TotalMilliseconds);
                _wheel.Add(waiter, deadline >= DeadlineWheel.LongestMs ? long.MaxValue : (long)deadline);
                Arm((long)now.TotalMilliseconds);
            }
        }

        if (closed)
        {
            wait.TryComplete(WaitOutcome.Closed);
        }
        else if (timeout <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            wait.TryComplete(WaitOutcome.Expired);
        }

        return wait;
    }

    /// <summary>
    /// Waits for a time to pass: <see cref="WaitOutcome.Expired"/> when it has, <see cref="WaitOutcome.Closed"/> when the waiters are
    /// closed first.
    /// </summary>
    public ValueTask<WaitOutcome> Delay(TimeSpan time) => Rent(time).Outcome;

    /// <summary>Ends every wait as <see cref="WaitOutcome.Closed"/>, those that begin later too.</summary>
    public void Dispose()
    {
        List<Wait> all = [];
        lock (_lock)
        {
            _closed = true;
            _wheel.Drain(all);
        }

        _timer.Dispose();
        foreach (Wait wait in all)
        {
            wait.TryComplete(WaitOutcome.Closed);
        }
    }

    internal void Return(Waiter waiter)
    {
        lock (_lock)
        {
            _wheel.Remove(waiter);
            if (_spare.Count < MaxSpare)
            {
                _spare.Push(waiter);
            }
        }
    }

    private void Sweep()
    {
        List<Wait> due = [];
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            long now = NowMs;
            _armedFor = long.MaxValue;
            _wheel.Advance(now, due);
            Arm(now);
        }

        foreach (Wait wait in due)
        {
            wait.TryComplete(WaitOutcome.Expired);
        }
    }

    private void Arm(long now)
    {
        long work = _wheel.NextWork();
        if (work < _armedFor)
        {
            _armedFor = work;

            // Timers of .NET take at most 2^32 - 2 ms; an earlier wake-up finds nothing due and arms again.
            _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(work - now, 1, int.MaxValue)), Timeout.InfiniteTimeSpan);
        }
    }
}
