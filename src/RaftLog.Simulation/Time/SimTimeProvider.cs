namespace RaftLog.Simulation;

/// <summary>
/// The clock of one incarnation, in virtual time and a little fast or slow. Its timers fire in the incarnation's context, and not at all
/// after its death.
/// </summary>
internal sealed class SimTimeProvider(SimScheduler scheduler, Incarnation owner, double rate) : TimeProvider
{
    private static readonly DateTimeOffset Beginning = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>What a wall clock that is right shows, in milliseconds since 1970.</summary>
    internal static long WallMs(long ticks) => (Beginning + TimeSpan.FromTicks(ticks)).ToUnixTimeMilliseconds();

    /// <summary>
    /// How far two wall clocks that nobody has set may be apart by now: each runs up to two in a hundred fast or slow, and what that makes
    /// adds up from the start.
    /// </summary>
    internal static TimeSpan MostApart(TimeSpan sinceStart) => sinceStart * 0.05;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => (long)(scheduler.ReadClock(owner) * rate);

    public override DateTimeOffset GetUtcNow() => Beginning + TimeSpan.FromTicks(GetTimestamp()) + owner.WallClockOffset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        scheduler.RequireOwnThread();
        SimTimer timer = new(scheduler, owner, rate, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
