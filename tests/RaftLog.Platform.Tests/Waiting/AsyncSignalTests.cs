using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Platform.Tests;

public sealed class AsyncSignalTests
{
    [Fact]
    public void A_set_before_the_wait_is_not_lost_and_counts_once()
    {
        using Waiters waiters = new(new ManualTime());
        AsyncSignal signal = new(waiters);
        signal.Set();
        signal.Set();
        Assert.True(signal.WaitAsync().IsCompletedSuccessfully);
        ValueTask<WaitOutcome> second = signal.WaitAsync();
        Assert.False(second.IsCompleted);
        signal.Set();
        Assert.Equal(WaitOutcome.Ready, second.Now());
    }

    [Fact]
    public void A_set_after_the_wait_expired_wakes_the_next_wait()
    {
        ManualTime time = new();
        using Waiters waiters = new(time);
        AsyncSignal signal = new(waiters);
        ValueTask<WaitOutcome> wait = signal.WaitAsync(TimeSpan.FromMilliseconds(5));
        time.Advance(TimeSpan.FromMilliseconds(5));
        signal.Set();
        Assert.Equal(WaitOutcome.Expired, wait.Now());
        Assert.Equal(WaitOutcome.Ready, signal.WaitAsync().Now());
    }

    [Fact]
    public void A_closed_signal_ends_the_wait_and_all_later_ones()
    {
        using Waiters waiters = new(new ManualTime());
        AsyncSignal signal = new(waiters);
        ValueTask<WaitOutcome> wait = signal.WaitAsync();
        signal.Close();
        Assert.Equal(WaitOutcome.Closed, wait.Now());
        Assert.Equal(WaitOutcome.Closed, signal.WaitAsync().Now());
    }

    [Fact]
    public void A_second_waiter_is_a_broken_invariant()
    {
        using Waiters waiters = new(new ManualTime());
        AsyncSignal signal = new(waiters);
        _ = signal.WaitAsync();
        Assert.Throws<InvariantException>(() =>
        {
            _ = signal.WaitAsync();
        });
    }

    [Fact]
    public async Task No_wake_up_is_lost_between_threads()
    {
        using Waiters waiters = new(TimeProvider.System);
        AsyncSignal signal = new(waiters);
        int produced = 0;
        const int total = 50_000;
        Task producer = Task.Run(() =>
        {
            for (int i = 0; i < total; i++)
            {
                Interlocked.Increment(ref produced);
                signal.Set();
            }
        });
        int seen = 0;
        while (seen < total)
        {
            await signal.WaitAsync();
            seen = Volatile.Read(ref produced);
        }

        await producer;
    }
}
