using RaftLog.Broker.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>A wait is used for one request after the other, and nothing of an earlier one decides a later one.</summary>
public sealed class CommitWaitTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Pump _pump = new();
    private readonly Waiters _waiters;

    public CommitWaitTests() => _waiters = new Waiters(_time);

    public void Dispose() => _waiters.Dispose();

    [Fact]
    public void A_wait_with_an_open_slot_is_not_used_again_however_it_ended()
    {
        CommitWait wait = new(_waiters, 2);
        wait.Decide(0, ErrorCode.None);
        Task first = Wait(wait, 5);
        Pass(10);
        Assert.True(first.IsCompleted);
        Assert.Equal(ErrorCode.RequestTimedOut, wait[1]);
        Assert.False(wait.TryBeginAgain(1));

        // The partition decides it at last, and then nobody knows it any more.
        wait.Decide(1, ErrorCode.None, new WakeList());
        Assert.True(wait.TryBeginAgain(3));
        Assert.All(Enumerable.Range(0, 3), slot => Assert.Equal(ErrorCode.RequestTimedOut, wait[slot]));
        Assert.False(wait.IsOver);
    }

    [Fact]
    public void A_signal_that_comes_after_its_wait_does_not_end_the_next_one()
    {
        CommitWait wait = new(_waiters, 1);
        WakeList late = new();
        wait.Decide(0, ErrorCode.None, late);
        Assert.True(Wait(wait, 1_000).IsCompleted);
        Assert.True(wait.TryBeginAgain(1));
        late.WakeAll();
        Task second = Wait(wait, 1_000);
        Pass(100);
        Assert.False(second.IsCompleted);

        WakeList wakes = new();
        wait.Decide(0, ErrorCode.NotLeaderOrFollower, wakes);
        wakes.WakeAll();
        Pass(1);
        Assert.True(second.IsCompleted);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, wait[0]);
    }

    [Fact]
    public void Late_signals_do_not_make_a_wait_longer()
    {
        CommitWait wait = new(_waiters, 1);
        WakeList late = new();
        wait.Decide(0, ErrorCode.None, late);
        Assert.True(wait.TryBeginAgain(1));
        Task waiting = Wait(wait, 100);
        Pass(60);
        late.WakeAll();
        Pass(39);
        Assert.False(waiting.IsCompleted);
        Pass(2);
        Assert.True(waiting.IsCompleted);
        Assert.Equal(ErrorCode.RequestTimedOut, wait[0]);
    }

    [Fact]
    public void A_signal_that_comes_just_after_the_time_is_over_does_not_make_the_wait_endless()
    {
        SteppingTime time = new();
        using Waiters waiters = new(time);
        CommitWait wait = new(waiters, 1);
        WakeList late = new();
        wait.Decide(0, ErrorCode.None, late);
        Assert.True(wait.TryBeginAgain(1));
        late.WakeAll();

        // A millisecond goes by at each look at the clock: after the first signal the deadline is one behind.
        Assert.True(wait.WaitAsync(TimeSpan.FromMilliseconds(1)).IsCompleted);
        Assert.Equal(ErrorCode.RequestTimedOut, wait[0]);
    }

    [Fact]
    public void A_wait_of_no_time_ends_though_a_millisecond_goes_by_meanwhile()
    {
        using Waiters waiters = new(new SteppingTime());
        Assert.True(new CommitWait(waiters, 1).WaitAsync(TimeSpan.Zero).IsCompleted);
    }

    private Task Wait(CommitWait wait, int timeoutMs) =>
        _pump.Start(async () =>
        {
            await wait.WaitAsync(TimeSpan.FromMilliseconds(timeoutMs));
            return 0;
        });

    private void Pass(int milliseconds)
    {
        for (int passed = 0; passed < milliseconds; passed++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            _pump.Drain();
        }
    }

    /// <summary>A clock on which a millisecond goes by with each look at it. Its timers never fire.</summary>
    private sealed class SteppingTime : TimeProvider
    {
        private long _ms;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _ms++;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new ManualTime().CreateTimer(callback, state, dueTime, period);
    }
}
