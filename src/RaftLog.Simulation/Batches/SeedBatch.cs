using System.Runtime.ExceptionServices;

namespace RaftLog.Simulation;

/// <summary>
/// Runs seeds side by side, each on a thread of its own, and hands out what they showed in the order of the seeds. The thread pool of the
/// process is watched: a world that is run here leaves it alone.
/// </summary>
public sealed class SeedBatch
{
    private const int StackBytes = 16 << 20;

    /// <summary>Every so many seeds one is run twice: what follows from a seed alone has the same hash again.</summary>
    private const ulong RepeatEvery = 50;

    /// <summary>So many seeds may be ready before the first of them is.</summary>
    private const int MaxAhead = 256;

    private readonly ISimulation _simulation;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ulong, SeedOutcome> _ready = [];
    private readonly Func<bool> _goesOn;
    private readonly SemaphoreSlim _changed = new(0);
    private ulong _nextToStart;
    private ulong _nextToShow;
    private ulong _end;
    private int _running;
    private int _repeated;
    private ExceptionDispatchInfo? _failure;

    /// <summary>A batch of seeds.</summary>
    /// <param name="simulation">What is run.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many, at most.</param>
    /// <param name="goesOn">Asked before each seed: false to begin no more.</param>
    public SeedBatch(ISimulation simulation, ulong first, ulong count, Func<bool> goesOn)
    {
        _simulation = simulation;
        _goesOn = goesOn;
        _nextToStart = first;
        _nextToShow = first;
        _end = first + count;
    }

    /// <summary>Items that were queued on the thread pool while seeds ran; more than zero means that code has left its world.</summary>
    public long PoolItems { get; private set; }

    /// <summary>How many seeds were run twice, and compared.</summary>
    public int Repeated => _repeated;

    /// <summary>Runs the batch. Blocks the caller.</summary>
    /// <param name="threads">How many seeds at a time.</param>
    /// <param name="show">Called on the caller's thread with each outcome, in seed order; false to begin no more seeds.</param>
    public void Run(int threads, Func<SeedOutcome, bool> show)
    {
        long before = PoolTotal();
        StartSeeds(threads);
        while (!IsOver())
        {
            _changed.Wait();
            ShowReady(show);
            StartSeeds(threads);
        }

        PoolItems = PoolTotal() - before;
        _failure?.Throw();
    }

    private static long PoolTotal() => ThreadPool.CompletedWorkItemCount + ThreadPool.PendingWorkItemCount;

    private bool IsOver()
    {
        lock (_gate)
        {
            return _running == 0 && (_ready.Count == 0 || _failure is not null);
        }
    }

    private void StartSeeds(int threads)
    {
        lock (_gate)
        {
            while (_running < threads && _nextToStart < _end && _nextToStart - _nextToShow < MaxAhead && _failure is null)
            {
                if (!_goesOn())
                {
                    _end = _nextToStart;
                    break;
                }

                ulong seed = _nextToStart++;
                _running++;
                new Thread(() => RunSeed(seed), StackBytes) { IsBackground = true, Name = $"seed {seed}" }.Start();
            }
        }
    }

    private void RunSeed(ulong seed)
    {
        SeedOutcome? outcome = null;
        try
        {
            outcome = _simulation.Run(seed, trace: null);
            if (seed % RepeatEvery == 0)
            {
                outcome = Repeat(outcome);
            }
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        lock (_gate)
        {
            _running--;
            if (outcome is not null)
            {
                _ready.Add(seed, outcome);
            }
        }

        _changed.Release();
    }

    private SeedOutcome Repeat(SeedOutcome first)
    {
        SeedOutcome second = _simulation.Run(first.Seed, trace: null);
        Interlocked.Increment(ref _repeated);
        return second.Hash == first.Hash || !first.Held
            ? first
            : first with
            {
                Violation =
                    $"determinism: the same seed gave {first.Hash:x16} and then {second.Hash:x16}: some code has left the simulated world",
            };
    }

    private void ShowReady(Func<SeedOutcome, bool> show)
    {
        while (TakeNext() is { } next)
        {
            if (!show(next))
            {
                lock (_gate)
                {
                    _end = _nextToStart;
                }
            }
        }
    }

    private SeedOutcome? TakeNext()
    {
        lock (_gate)
        {
            if (_ready.Remove(_nextToShow, out SeedOutcome? next))
            {
                _nextToShow++;
            }

            return next;
        }
    }
}
