namespace RaftLog.Simulation;

/// <summary>
/// The clock and the only thread of a simulated world. What is ready runs in an order drawn from the seed; when nothing is ready, time
/// jumps to the next event. Steps take no time.
/// </summary>
public sealed class SimScheduler
{
    /// <summary>So many steps without time moving are an endless loop.</summary>
    private const int MaxStepsAtOneTime = 2_000_000;

    /// <summary>So many looks at the clock in one step are an endless loop, too: the world gets no other word in.</summary>
    private const int MaxClockReadsInAStep = 1_000_000;

    private readonly SimRandom _random;
    private readonly List<ReadyItem> _ready = [];
    private readonly PriorityQueue<SimEvent, (long At, ulong Tie)> _events = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private int _stepsAtThisTime;
    private int _clockReads;

    /// <summary>A world at time zero.</summary>
    public SimScheduler(SimRandom random)
    {
        _random = random.Split("scheduler");
    }

    /// <summary>What happened.</summary>
    public Trace Trace { get; } = new();

    /// <summary>Ticks (100 ns) since the world began.</summary>
    public long Now { get; private set; }

    /// <summary>Microseconds since the world began.</summary>
    internal long NowUs => Now / TimeSpan.TicksPerMicrosecond;

    /// <summary>
    /// Posts and calls of seams that came from another thread than the world's: code that has escaped. More than zero makes a run
    /// worthless.
    /// </summary>
    public int ForeignPosts { get; private set; }

    /// <summary>The number of steps that incarnations have run.</summary>
    public long Steps { get; private set; }

    /// <summary>The first promise that broke, in a sentence; null while all hold.</summary>
    public string? Failure { get; private set; }

    /// <summary>Called after each step of a program.</summary>
    internal Action<Incarnation> Stepped { get; set; } = static _ => { };

    /// <summary>When the first promise broke.</summary>
    public TimeSpan FailedAt { get; private set; }

    /// <summary>Ends the run as failed.</summary>
    public void Fail(string reason)
    {
        if (Failure is null)
        {
            Failure = reason;
            FailedAt = TimeSpan.FromTicks(Now);
        }

        Say($"FAILED: {reason}");
    }

    /// <summary>Notes a line.</summary>
    public void Say(string text) => Trace.Say(Now, text);

    /// <summary>Runs something of the world's own after a time. It must not call into a node.</summary>
    public SimEvent After(TimeSpan delay, Action action)
    {
        SimEvent scheduled = new(action);
        _events.Enqueue(scheduled, (Now + Math.Max(0, delay.Ticks), _random.NextBits()));
        return scheduled;
    }

    /// <summary>Runs until a condition holds, or a time is reached; true when the condition holds.</summary>
    /// <param name="done">Asked after each step.</param>
    /// <param name="limit">How long to run at most.</param>
    public bool RunUntil(Func<bool> done, TimeSpan limit)
    {
        long end = Now + limit.Ticks;
        while (Failure is null && !done())
        {
            if (!StepOnce(end))
            {
                return done();
            }
        }

        return Failure is null;
    }

    /// <summary>Runs for a time.</summary>
    public void RunFor(TimeSpan time) => RunUntil(static () => false, time);

    /// <summary>Called by every seam: the world has one thread.</summary>
    internal void RequireOwnThread()
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            ForeignPosts++;
        }
    }

    /// <summary>
    /// What the clock of the world shows to a program. One that looks without end is ended: a step that does not come back would hold the
    /// run for ever.
    /// </summary>
    internal long ReadClock(Incarnation reader)
    {
        RequireOwnThread();
        if (++_clockReads > MaxClockReadsInAStep)
        {
            reader.Kill();
            Fail($"liveness: {reader.Name} runs in circles: {MaxClockReadsInAStep} looks at the clock in one step");
            throw new InvalidOperationException("this program has ended");
        }

        return Now;
    }

    internal void Post(Incarnation owner, SendOrPostCallback callback, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            ForeignPosts++;
            return;
        }

        _ready.Add(new ReadyItem(owner, callback, state));
    }

    private bool StepOnce(long end)
    {
        if (_ready.Count > 0)
        {
            RunReady();
            return true;
        }

        if (!_events.TryPeek(out SimEvent? next, out (long At, ulong Tie) when) || when.At > end)
        {
            Now = end;
            _stepsAtThisTime = 0;
            return false;
        }

        _events.Dequeue();
        if (!next.IsCancelled)
        {
            if (when.At > Now)
            {
                Now = when.At;
                _stepsAtThisTime = 0;
            }

            next.Action();
        }

        return true;
    }

    private void RunReady()
    {
        int chosen = _random.Next(_ready.Count);
        ReadyItem item = _ready[chosen];
        _ready[chosen] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (!item.Owner.IsAlive)
        {
            return;
        }

        if (item.Owner.TryHold(item))
        {
            return;
        }

        if (++_stepsAtThisTime > MaxStepsAtOneTime)
        {
            Fail($"{item.Owner.Name} runs in circles: {MaxStepsAtOneTime} steps and no time has passed");
            return;
        }

        Steps++;
        _clockReads = 0;
        Trace.Note(TraceKind.Step, Now, item.Owner.Number, _ready.Count);
        item.Owner.Step(item);
        Stepped(item.Owner);
    }
}
