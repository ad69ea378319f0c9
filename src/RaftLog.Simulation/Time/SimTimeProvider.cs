namespace RaftLog.Simulation;

/// <summary>The clock of one incarnation, in virtual time. Its timers fire in the incarnation's context, and not at all after its death.</summary>
internal sealed class SimTimeProvider(SimScheduler scheduler, Incarnation owner) : TimeProvider
{
    private static readonly DateTimeOffset Beginning = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => scheduler.Now;

    public override DateTimeOffset GetUtcNow() => Beginning + TimeSpan.FromTicks(scheduler.Now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimTimer timer = new(scheduler, owner, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
