namespace RaftLog.Simulation;

/// <summary>
/// One run of one program: from its start to its end, however that comes. Its code runs with its own context current. When it is dead,
/// nothing of it runs any more: no token is cancelled, nothing is disposed, no exception is thrown, as when a real process is killed.
/// </summary>
public sealed class Incarnation
{
    private readonly SimScheduler _scheduler;
    private readonly SimContext _context;
    private readonly List<ReadyItem> _held = [];
    private readonly List<Action> _atDeath = [];
    private int _stepsLeft;
    private Action? _afterSteps;
    private int _callsLeft;
    private Action<string>? _inCall;

    internal Incarnation(SimScheduler scheduler, string name, int number, double clockRate = 1)
    {
        _scheduler = scheduler;
        _context = new SimContext(scheduler, this);
        Name = name;
        Number = number;
        Time = new SimTimeProvider(scheduler, this, clockRate);
    }

    /// <summary>The program and the count of its starts, for people.</summary>
    public string Name { get; }

    /// <summary>Its clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>False once it was killed.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>True while it is held: it accepts, and does nothing.</summary>
    public bool IsPaused { get; private set; }

    internal int Number { get; }

    /// <summary>How far its wall clock is off; its monotonic clock and its timers are not concerned.</summary>
    internal TimeSpan WallClockOffset { get; set; }

    /// <summary>Starts something of this program; what it throws fails the run.</summary>
    public void Run(string what, Func<Task> work) => Post(_ => _ = WatchAsync(what, work), null);

    /// <summary>Holds everything that it would do.</summary>
    public void Pause() => IsPaused = true;

    /// <summary>Lets it go on: what was held becomes ready at once.</summary>
    public void Resume()
    {
        IsPaused = false;
        foreach (ReadyItem item in _held)
        {
            _scheduler.Post(this, item.Callback, item.State);
        }

        _held.Clear();
    }

    /// <summary>Ends it.</summary>
    internal void Kill()
    {
        if (!IsAlive)
        {
            return;
        }

        IsAlive = false;
        _held.Clear();
        foreach (Action each in _atDeath)
        {
            each();
        }

        _atDeath.Clear();
    }

    /// <summary>Calls something after a number of steps from now; zero for never.</summary>
    internal void EndAfter(int steps, Action action) => (_stepsLeft, _afterSteps) = (steps, action);

    /// <summary>Calls something in the middle of a call of a seam that is so many calls away; zero for never.</summary>
    internal void EndInCall(int calls, Action<string> action) => (_callsLeft, _inCall) = (calls, action);

    /// <summary>Called at the beginning of each call of the network and of timers.</summary>
    internal void Calls(string seam)
    {
        if (_callsLeft > 0 && --_callsLeft == 0 && IsAlive)
        {
            _inCall!(seam);
        }
    }

    internal void AtDeath(Action action) => _atDeath.Add(action);

    internal void Post(SendOrPostCallback callback, object? state)
    {
        if (IsAlive)
        {
            _scheduler.Post(this, callback, state);
        }
    }

    internal bool TryHold(in ReadyItem item)
    {
        if (IsPaused)
        {
            _held.Add(item);
        }

        return IsPaused;
    }

    internal void Step(in ReadyItem item)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            item.Callback(item.State);
        }
        catch (Exception e) when (!IsAlive)
        {
            _scheduler.Say($"{Name} threw after its death: {e.Message}");
        }
        catch (Exception e)
        {
            _scheduler.Fail($"{Name} threw: {e}");
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        if (_stepsLeft > 0 && --_stepsLeft == 0 && IsAlive)
        {
            _afterSteps!();
        }
    }

    private async Task WatchAsync(string what, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e)
        {
            if (IsAlive)
            {
                _scheduler.Fail($"{Name}, {what}: {e}");
            }
        }
    }
}
