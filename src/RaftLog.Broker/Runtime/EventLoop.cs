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

    /// <summary>Creates a loop that has not started.</summary>
    public EventLoop(Waiters waiters)
    {
        _waiters = waiters;
        _signal = new AsyncSignal(waiters);
    }

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
    /// <param name="afterInputs">Called after each group of inputs and at each deadline; returns the next deadline in <see cref="NowMs"/>.</param>
    public async Task RunAsync(Func<long> afterInputs)
    {
        long deadline = afterInputs();
        while (true)
        {
            long wait = deadline - NowMs;
            WaitOutcome outcome = await _signal.WaitAsync(wait > int.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(0, wait)));
            TakeInputs();
            foreach (Action input in _running)
            {
                input();
            }

            _running.Clear();
            deadline = afterInputs();
            if (outcome == WaitOutcome.Closed)
            {
                return;
            }
        }
    }

    private void TakeInputs()
    {
        lock (_gate)
        {
            (_inputs, _running) = (_running, _inputs);
        }
    }
}
