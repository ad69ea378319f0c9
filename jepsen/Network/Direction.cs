using DotNext.Threading;
using Lock = System.Threading.Lock;

namespace RaftLog.Jepsen.Network;

/// <summary>
/// Everything that goes from one process to another, over whatever connection: passed on, held back, or delayed. Counts what it did, so
/// that a fault without effect is seen.
/// </summary>
internal sealed class Direction
{
    private readonly Lock _lock = new();
    private readonly AsyncManualResetEvent _open = new(initialState: true);
    private TimeSpan _delay;
    private long _held;
    private long _delayed;

    /// <summary>How often something was held back, and how often something was delayed.</summary>
    public long Effects
    {
        get
        {
            lock (_lock)
            {
                return _held + _delayed;
            }
        }
    }

    /// <summary>
    /// Holds everything back from now on. Nothing is lost: as TCP would, it is delivered when the way is open again, unless a side has
    /// given up.
    /// </summary>
    public void Cut()
    {
        lock (_lock)
        {
            _open.Reset();
        }
    }

    /// <summary>Delays everything from now on.</summary>
    public void Slow(TimeSpan delay)
    {
        lock (_lock)
        {
            _delay = delay;
        }
    }

    /// <summary>Passes everything on again, at once.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _delay = TimeSpan.Zero;
            _open.Set();
        }
    }

    /// <summary>Completes when what has arrived may go on.</summary>
    public async ValueTask PassAsync(CancellationToken cancel)
    {
        TimeSpan delay;
        lock (_lock)
        {
            delay = _delay;
            _held += _open.IsSet ? 0 : 1;
            _delayed += delay > TimeSpan.Zero ? 1 : 0;
        }

        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, TimeProvider.System, cancel);
        }

        // A cut may follow a cut.
        while (!_open.IsSet)
        {
            await _open.WaitAsync(cancel);
        }
    }
}
