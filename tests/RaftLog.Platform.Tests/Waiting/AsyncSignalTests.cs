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
    public async Task A_set_here_before_the_wait_is_not_lost_and_counts_once()
    {
        await Task.Run(() =>
        {
            using Waiters waiters = new(new ManualTime());
            AsyncSignal signal = new(waiters);
            signal.SetHere();
            signal.SetHere();
            Assert.Equal(WaitOutcome.Ready, signal.WaitAsync().Now());
            Assert.False(signal.WaitAsync().IsCompleted);
        });
    }

    [Fact]
    public async Task A_loop_takes_its_turn_inside_of_set_here_and_may_set_its_own_signal_there()
    {
        const int Own = 100_000;
        await Task.Run(() =>
        {
            using Waiters waiters = new(new ManualTime());
            AsyncSignal signal = new(waiters);
            int turns = 0;
            Task loop = LoopAsync();
            signal.SetHere();
            Assert.Equal(1 + Own, turns);
            signal.SetHere();
            Assert.Equal(2 + Own, turns);
            signal.Close();
            return loop;

            async Task LoopAsync()
            {
                int thread = Environment.CurrentManagedThreadId;
                while (await signal.WaitAsync() == WaitOutcome.Ready)
                {
                    Assert.Equal(thread, Environment.CurrentManagedThreadId);
                    if (++turns <= Own)
                    {
                        // Each in a frame of its own would overflow the stack.
                        signal.SetHere();
                    }
                }
            }
        });
    }

    [Fact]
    public void A_caller_with_a_context_gets_no_loop_to_run()
    {
        OneThread.Run(context =>
        {
            using Waiters waiters = new(new ManualTime());
            AsyncSignal signal = new(waiters);
            int turns = 0;
            _ = LoopAsync();
            signal.SetHere();
            Assert.Equal(0, turns);
            context.Pump();
            Assert.Equal(1, turns);

            async Task LoopAsync()
            {
                while (await signal.WaitAsync() == WaitOutcome.Ready)
                {
                    turns++;
                }
            }
        });
    }

    [Fact]
    public async Task A_set_here_after_the_wait_expired_wakes_the_next_wait()
    {
        await Task.Run(() =>
        {
            ManualTime time = new();
            using Waiters waiters = new(time);
            AsyncSignal signal = new(waiters);
            ValueTask<WaitOutcome> wait = signal.WaitAsync(TimeSpan.FromMilliseconds(5));
            time.Advance(TimeSpan.FromMilliseconds(5));
            signal.SetHere();
            Assert.Equal(WaitOutcome.Expired, wait.Now());
            Assert.Equal(WaitOutcome.Ready, signal.WaitAsync().Now());
        });
    }

    [Fact]
    public async Task Threads_that_set_here_run_one_turn_at_a_time_and_lose_none()
    {
        const int Setters = 4;
        const int Each = 20_000;
        using Waiters waiters = new(TimeProvider.System);
        AsyncSignal signal = new(waiters);
        int produced = 0;
        int inTurn = 0;
        Task<int> loop = Task.Run(async () =>
        {
            int seen = 0;
            while (seen < Setters * Each)
            {
                await signal.WaitAsync(TimeSpan.FromMilliseconds(1 + (seen % 3)));
                Assert.Equal(1, Interlocked.Increment(ref inTurn));
                seen = Volatile.Read(ref produced);
                Interlocked.Decrement(ref inTurn);
            }

            return seen;
        });
        await Task.WhenAll(
            Enumerable
                .Range(0, Setters)
                .Select(_ =>
                    Task.Run(() =>
                    {
                        for (int i = 0; i < Each; i++)
                        {
                            Interlocked.Increment(ref produced);
                            signal.SetHere();
                        }
                    })
                )
        );
        Assert.Equal(Setters * Each, await loop);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_wake_up_is_lost_between_threads(bool setsHere)
    {
        using Waiters waiters = new(TimeProvider.System);
        AsyncSignal signal = new(waiters);
        Action set = setsHere ? signal.SetHere : signal.Set;
        int produced = 0;
        const int total = 50_000;
        Task producer = Task.Run(() =>
        {
            for (int i = 0; i < total; i++)
            {
                Interlocked.Increment(ref produced);
                set();
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
