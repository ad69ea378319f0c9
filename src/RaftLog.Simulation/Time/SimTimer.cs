namespace RaftLog.Simulation;

/// <summary>A timer in virtual time.</summary>
internal sealed class SimTimer(SimScheduler scheduler, Incarnation owner, double rate, TimerCallback callback, object? state) : ITimer
{
    private SimEvent? _next;
    private TimeSpan _period;
    private bool _disposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_disposed)
        {
            return false;
        }

        owner.Calls(SeamCall.Timer);
        _next?.Cancel();
        _next = null;
        _period = period;
        if (dueTime != Timeout.InfiniteTimeSpan && owner.IsAlive)
        {
            scheduler.Trace.Note(TraceKind.TimerSet, scheduler.Now, owner.Number, dueTime.Ticks);
            _next = scheduler.After(dueTime / rate, Fire);
        }

        return true;
    }

    public void Dispose()
    {
        _disposed = true;
        _next?.Cancel();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Fire()
    {
        if (!owner.IsAlive)
        {
            return;
        }

        scheduler.Trace.Note(TraceKind.TimerFired, scheduler.Now, owner.Number, 0);
        _next = _period > TimeSpan.Zero ? scheduler.After(_period / rate, Fire) : null;
        owner.Post(Call, null);
    }

    private void Call(object? ignored)
    {
        if (!_disposed)
        {
            callback(state);
        }
    }
}
