using RaftLog.Platform.Waiting;

namespace RaftLog.Platform.Tests;

public sealed class WaitersTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_first_to_end_a_wait_wins()
    {
        using Waiters waiters = new(new ManualTime());
        Wait wait = waiters.Rent(Second);
        Assert.True(wait.IsPending);
        Assert.True(wait.TryComplete(WaitOutcome.Ready));
        Assert.False(wait.TryComplete(WaitOutcome.Closed));
        Assert.False(wait.IsPending);
        ValueTask<WaitOutcome> outcome = wait.Outcome;
        Assert.True(outcome.IsCompletedSuccessfully);
        Assert.Equal(WaitOutcome.Ready, outcome.Now());
    }

    [Fact]
    public void A_stale_ticket_does_not_end_the_next_wait_of_its_object()
    {
        using Waiters waiters = new(new ManualTime());
        Wait first = waiters.Rent(Second);
        first.TryComplete(WaitOutcome.Ready);
        Assert.Equal(WaitOutcome.Ready, first.Outcome.Now());

        Wait second = waiters.Rent(Second);
        Assert.False(first.TryComplete(WaitOutcome.Closed));
        Assert.True(second.IsPending);
        Assert.True(second.TryComplete(WaitOutcome.Ready));
    }

    [Fact]
    public void The_default_ticket_is_over()
    {
        Wait none = default;
        Assert.False(none.IsPending);
        Assert.False(none.TryComplete(WaitOutcome.Ready));
        Assert.Equal(WaitOutcome.Closed, none.Outcome.Now());
    }

    [Fact]
    public void A_wait_of_no_time_has_expired()
    {
        using Waiters waiters = new(new ManualTime());
        Assert.Equal(WaitOutcome.Expired, waiters.Rent(TimeSpan.Zero).Outcome.Now());
        Assert.Equal(WaitOutcome.Expired, waiters.Rent(TimeSpan.FromMilliseconds(-5)).Outcome.Now());
    }

    [Fact]
    public void The_time_until_a_point_that_has_just_passed_is_none_and_not_endless()
    {
        ManualTime time = new();
        using Waiters waiters = new(time);
        Assert.Equal(TimeSpan.FromMilliseconds(5), waiters.Until(5));
        time.Advance(TimeSpan.FromMilliseconds(6));
        Assert.Equal(TimeSpan.Zero, waiters.Until(5));
        Assert.Equal(WaitOutcome.Expired, waiters.Delay(waiters.Until(5)).Now());
    }

    [Fact]
    public async Task A_wait_that_is_ended_here_goes_on_inside_the_call_and_a_stale_ticket_ends_nothing()
    {
        await Task.Run(() =>
        {
            using Waiters waiters = new(new ManualTime());
            Wait first = waiters.Rent(Second);
            int thread = 0;
            ValueTask<WaitOutcome> outcome = first.Outcome;
            outcome
                .GetAwaiter()
                .UnsafeOnCompleted(() =>
                {
                    Assert.Equal(WaitOutcome.Ready, outcome.GetAwaiter().GetResult());
                    thread = Environment.CurrentManagedThreadId;
                });
            Assert.True(first.TryCompleteHere(WaitOutcome.Ready));
            Assert.Equal(Environment.CurrentManagedThreadId, thread);

            Wait second = waiters.Rent(Second);
            Assert.False(first.TryCompleteHere(WaitOutcome.Closed));
            Assert.True(second.IsPending);
            Assert.True(second.TryComplete(WaitOutcome.Closed));
            Assert.Equal(WaitOutcome.Closed, second.Outcome.Now());
        });
    }

    [Fact]
    public void Waits_expire_at_their_deadlines_and_not_before()
    {
        ManualTime time = new();
        using Waiters waiters = new(time);
        List<(long At, Wait Wait)> all = [];
        Random random = new(11);
        for (int i = 0; i < 2000; i++)
        {
            long ms = 1 + (long)Math.Pow(10, random.NextDouble() * 7);
            all.Add((waiters.NowMs + ms, waiters.Rent(TimeSpan.FromMilliseconds(ms))));
            time.Advance(TimeSpan.FromMilliseconds(random.Next(3)));
        }

        while (all.Count > 0)
        {
            time.Advance(TimeSpan.FromMilliseconds(1 + (long)Math.Pow(10, random.NextDouble() * 5)));
            foreach ((long at, Wait wait) in all)
            {
                Assert.Equal(at > waiters.NowMs, wait.IsPending);
            }

            all.RemoveAll(entry => !entry.Wait.IsPending);
        }

        Assert.Equal(0, time.TimersArmed);
    }

    [Fact]
    public void Deadlines_fall_exactly_on_their_millisecond()
    {
        ManualTime time = new();
        using Waiters waiters = new(time);
        foreach (int ms in (int[])[1, 63, 64, 65, 4095, 4096, 4097, 30_000, 300_000])
        {
            Wait wait = waiters.Rent(TimeSpan.FromMilliseconds(ms));
            time.Advance(TimeSpan.FromMilliseconds(ms) - TimeSpan.FromTicks(1));
            Assert.True(wait.IsPending);
            time.Advance(TimeSpan.FromTicks(1));
            Assert.False(wait.IsPending);
        }
    }

    [Fact]
    public void Ended_waits_cost_no_timer()
    {
        ManualTime time = new();
        using Waiters waiters = new(time);
        for (int i = 0; i < 10_000; i++)
        {
            Wait wait = waiters.Rent(TimeSpan.FromSeconds(30));
            wait.TryComplete(WaitOutcome.Ready);
            Assert.Equal(WaitOutcome.Ready, wait.Outcome.Now());
        }

        time.Advance(TimeSpan.FromMinutes(2));
        Assert.InRange(time.TimersFired, 0, 8);
    }

    [Fact]
    public void An_endless_wait_outlives_every_deadline()
    {
        ManualTime time = new();
        using Waiters waiters = new(time);
        Wait wait = waiters.Rent(Timeout.InfiniteTimeSpan);
        Wait longest = waiters.Rent(TimeSpan.MaxValue);
        Assert.Equal(0, time.TimersArmed);
        time.Advance(TimeSpan.FromDays(1000));
        Assert.True(wait.IsPending);
        Assert.True(longest.IsPending);
    }

    [Fact]
    public void Closing_ends_all_waits_and_all_later_ones()
    {
        Waiters waiters = new(new ManualTime());
        Wait timed = waiters.Rent(Second);
        Wait endless = waiters.Rent(Timeout.InfiniteTimeSpan);
        waiters.Dispose();
        Assert.Equal(WaitOutcome.Closed, timed.Outcome.Now());
        Assert.Equal(WaitOutcome.Closed, endless.Outcome.Now());
        Assert.Equal(WaitOutcome.Closed, waiters.Rent(Second).Outcome.Now());
        Assert.Equal(WaitOutcome.Closed, waiters.Rent(TimeSpan.Zero).Outcome.Now());
    }

    [Fact]
    public void On_one_thread_a_waiter_goes_on_in_its_context_and_nothing_reaches_the_pool()
    {
        OneThread.Run(context =>
        {
            ManualTime time = new();
            using Waiters waiters = new(time);
            List<string> trace = [];
            Wait wait = waiters.Rent(Second);
            _ = AwaitAsync(wait, "ready");
            _ = AwaitAsync(waiters.Rent(Second), "late");

            wait.TryComplete(WaitOutcome.Ready);
            Assert.Empty(trace);
            context.Pump();
            Assert.Equal(["ready Ready"], trace);
            time.Advance(Second);
            Assert.Single(trace);
            context.Pump();
            Assert.Equal(["ready Ready", "late Expired"], trace);

            async Task AwaitAsync(Wait waited, string name)
            {
                WaitOutcome outcome = await waited.Outcome;
                Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                trace.Add($"{name} {outcome}");
            }
        });
    }

    [Fact]
    public async Task On_the_pool_a_waiter_never_goes_on_inside_the_call_that_ends_its_wait()
    {
        using Waiters waiters = new(TimeProvider.System);
        Wait wait = waiters.Rent(Timeout.InfiniteTimeSpan);
        Lock gate = new();
        Task waiting = Task.Run(async () =>
        {
            await wait.Outcome;
            Assert.False(gate.IsHeldByCurrentThread);
            Assert.True(Thread.CurrentThread.IsThreadPoolThread);
        });
        lock (gate)
        {
            wait.TryComplete(WaitOutcome.Ready);
        }

        await waiting;
    }

    [Fact]
    public async Task Real_time_expires_waits()
    {
        using Waiters waiters = new(TimeProvider.System);
        List<Task<WaitOutcome>> all = [];
        for (int i = 1; i < 100; i++)
        {
            all.Add(waiters.Delay(TimeSpan.FromMilliseconds(i)).AsTask());
        }

        Assert.All(await Task.WhenAll(all), outcome => Assert.Equal(WaitOutcome.Expired, outcome));
    }

    [Fact]
    public async Task Ending_and_expiring_race_without_a_lost_or_doubled_outcome()
    {
        using Waiters waiters = new(TimeProvider.System);
        int won = 0;
        int expired = 0;
        for (int i = 0; i < 2000; i++)
        {
            Wait wait = waiters.Rent(TimeSpan.FromMilliseconds(1));
            Task<bool> ender = Task.Run(() => wait.TryComplete(WaitOutcome.Ready));
            WaitOutcome outcome = await wait.Outcome;
            Assert.Equal(outcome == WaitOutcome.Ready, await ender);
            _ = outcome == WaitOutcome.Ready ? won++ : expired++;
        }

        Assert.Equal(2000, won + expired);
    }

    [Fact]
    public void A_wait_allocates_nothing_in_steady_state()
    {
        using Waiters waiters = new(new ManualTime());
        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Round();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Round()
        {
            Wait wait = waiters.Rent(Second);
            wait.TryComplete(WaitOutcome.Ready);
            _ = wait.Outcome.Now();
        }
    }

    [Fact]
    public async Task What_awaits_a_wait_goes_on_without_a_work_item_of_its_own()
    {
        const int Rounds = 1000;
        long allocated = await Task.Run(() =>
        {
            using Waiters waiters = new(new ManualTime());
            using SemaphoreSlim wentOn = new(0);
            ValueTask<WaitOutcome> outcome = default;
            Action goOn = () =>
            {
                Assert.Equal(WaitOutcome.Ready, outcome.GetAwaiter().GetResult());
                wentOn.Release();
            };
            Round();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Rounds; i++)
            {
                Round();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;

            void Round()
            {
                Wait wait = waiters.Rent(Second);
                outcome = wait.Outcome;
                outcome.GetAwaiter().UnsafeOnCompleted(goOn);
                wait.TryComplete(WaitOutcome.Ready);
                wentOn.Wait();
            }
        });

        // The pool's own queues grow now and then.
        Assert.InRange(allocated, 0, 8 * Rounds);
    }
}
