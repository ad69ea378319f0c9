using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Runtime;

/// <summary>
/// Runs the inputs of one core one at a time, in the order they came, on whatever thread is free: the core needs no lock. Between inputs it
/// sleeps until the deadline that the core names.
/// </summary>
internal sealed class EventLoop
{
    private readonly Lock _gate = new();
    private readonly AsyncSignal _signal;
    private readonly Waiters _waiters;
    private List<Action> _inputs = [];
    private List<Action> _running = [];
    private bool _stopped;
    private bool _hasWarned;
    private long _firstPostedAt;
    private long _lookedAtMs;

    /// <summary>Creates a loop that has not started.</summary>
    public EventLoop(Waiters waiters)
    {
        _waiters = waiters;
        _signal = new AsyncSignal(waiters);
    }

    /// <summary>
    /// The pause after a turn that had nothing to do and names a time that has passed: without it, the loop would take a processor for
    /// itself.
    /// </summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(1);

    /// <summary>Told once, for the node log, of a core that names a deadline which has passed, turn after turn.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    /// <summary>What it has counted.</summary>
    public EventLoopCounters Counters { get; } = new();

    /// <summary>Monotonic milliseconds: the time that cores are told.</summary>
    public long NowMs => _waiters.NowMs;

    /// <summary>Wakes the loop without an input, for whoever has changed what is looked at after the inputs.</summary>
    public AsyncSignal Signal => _signal;

    /// <summary>Adds an input; false after <see cref="Stop"/>, when it will not run.</summary>
    public bool Post(Action input)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return false;
            }

            _inputs.Add(input);
            if (_inputs.Count > 1)
            {
                return true;
            }

            _firstPostedAt = _waiters.Time.GetTimestamp();
        }

        _signal.Set();
        return true;
    }

    /// <summary>Adds an input whose result the caller awaits; the default of <typeparamref name="T"/> when the loop has stopped.</summary>
    public Task<T?> CallAsync<T>(Func<T> input)
    {
        TaskCompletionSource<T?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Post(() => done.SetResult(input())) ? done.Task : Task.FromResult<T?>(default);
    }

    /// <summary>Takes no more inputs; the loop ends when it has run those that it has.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
        }

        _signal.Close();
    }

    /// <summary>Runs until stopped.</summary>
    /// <param name="afterInputs">Called after each group of inputs and at each deadline; returns the next deadline in
    /// <see cref="NowMs"/>.</param>
    public async Task RunAsync(Func<long> afterInputs)
    {
        long deadline = Look(afterInputs);
        bool wasIdle = false;
        while (true)
        {
            WaitOutcome outcome = await _signal.WaitAsync(PauseUntil(deadline, wasIdle));
            long postedAt = TakeInputs();
            long beganAt = _waiters.Time.GetTimestamp();
            int count = _running.Count;
            wasIdle = _running.Count == 0 && outcome == WaitOutcome.Expired;
            foreach (Action input in _running)
            {
                input();
            }

            _running.Clear();
            deadline = Look(afterInputs);
            if (count > 0)
            {
                Counters.Ran(count, beganAt - postedAt, _waiters.Time.GetTimestamp() - beganAt);
            }

            if (outcome == WaitOutcome.Closed)
            {
                return;
            }
        }
    }

    private long Look(Func<long> afterInputs)
    {
        _lookedAtMs = NowMs;
        return afterInputs();
    }

    private TimeSpan PauseUntil(long deadline, bool wasIdle)
    {
        long wait = deadline - NowMs;
        if (wait > 0)
        {
            return wait > int.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(wait);
        }

        if (!wasIdle)
        {
            return TimeSpan.Zero;
        }

        // A deadline that has only passed since it was named is that of a busy machine.
        if (!_hasWarned && deadline < _lookedAtMs)
        {
            _hasWarned = true;
            Warn(
                $"an event loop was told to look at something {_lookedAtMs - deadline} ms ago, and had looked already; it goes on, "
                    + $"at most a thousand times a second. This is a fault of the program: please report it"
            );
        }

        return LeastPause;
    }

    /// <summary>Takes the inputs; the result is when the first of them came.</summary>
    private long TakeInputs()
    {
        lock (_gate)
        {
            (_inputs, _running) = (_running, _inputs);
            return _firstPostedAt;
        }
    }
}
