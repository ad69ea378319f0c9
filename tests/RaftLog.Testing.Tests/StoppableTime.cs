namespace RaftLog.Testing.Tests;

/// <summary>The system's clock until it is stopped; then no time passes and no timer fires.</summary>
internal sealed class StoppableTime : TimeProvider
{
    private long _stoppedAt = long.MaxValue;

    public void Stop() => Volatile.Write(ref _stoppedAt, System.GetTimestamp());

    public override long GetTimestamp() => Math.Min(System.GetTimestamp(), Volatile.Read(ref _stoppedAt));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(
            each =>
            {
                if (Volatile.Read(ref _stoppedAt) == long.MaxValue)
                {
                    callback(each);
                }
            },
            state,
            dueTime,
            period
        );
}
