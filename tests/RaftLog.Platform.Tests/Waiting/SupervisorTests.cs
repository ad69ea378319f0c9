using RaftLog.Platform.Waiting;

namespace RaftLog.Platform.Tests;

public sealed class SupervisorTests
{
    [Fact]
    public async Task A_loop_that_fails_halts_the_node_by_its_name()
    {
        InMemoryProcess process = new();
        Supervisor supervisor = new(process);
        supervisor.Run("flusher of /data", () => throw new InvalidOperationException("broken"));
        await supervisor.WhenIdleAsync();
        Assert.StartsWith("flusher of /data failed: ", process.HaltReason, StringComparison.Ordinal);
        Assert.Contains("broken", process.HaltReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_fails_a_loop_is_named_with_what_to_do_and_without_a_stack_trace()
    {
        InMemoryProcess process = new();
        Supervisor supervisor = new(process);
        supervisor.Run(
            "write of the election state",
            () => throw new DiskException("/data/quorum-state.tmp", DiskErrorKind.NoSpace, "open", "no space left on the disk")
        );
        await supervisor.WhenIdleAsync();
        Assert.Equal(
            "write of the election state failed: open of /data/quorum-state.tmp failed: no space left on the disk. Mend the disk, or "
                + "make room, and start the node again",
            process.HaltReason
        );
    }

    [Fact]
    public async Task Loops_that_return_end_the_wait_for_idleness()
    {
        InMemoryProcess process = new();
        Supervisor supervisor = new(process);
        TaskCompletionSource stop = new();
        supervisor.Run("one", () => stop.Task);
        supervisor.Run("two", () => stop.Task);
        Task idle = supervisor.WhenIdleAsync();
        Assert.Equal(2, supervisor.Running);
        Assert.False(idle.IsCompleted);
        stop.SetResult();
        await idle;
        Assert.Equal(0, supervisor.Running);
        Assert.Null(process.HaltReason);
        await supervisor.WhenIdleAsync();
    }

    [Fact]
    public async Task A_loop_that_is_run_here_has_begun_when_the_call_returns_and_is_watched()
    {
        InMemoryProcess process = new();
        Supervisor supervisor = new(process);
        TaskCompletionSource stop = new();
        int begunOn = 0;
        supervisor.RunHere(
            "send",
            async () =>
            {
                begunOn = Environment.CurrentManagedThreadId;
                await stop.Task;
                throw new InvalidOperationException("broken");
            }
        );
        Assert.Equal(Environment.CurrentManagedThreadId, begunOn);
        Task idle = supervisor.WhenIdleAsync();
        Assert.False(idle.IsCompleted);
        Assert.Equal("send", supervisor.Unfinished);
        stop.SetResult();
        await idle;
        Assert.StartsWith("send failed: ", process.HaltReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_that_fails_before_it_waits_halts_and_does_not_throw_into_whoever_runs_it_here()
    {
        InMemoryProcess process = new();
        Supervisor supervisor = new(process);
        supervisor.RunHere("send", () => throw new InvalidOperationException("broken"));
        Assert.StartsWith("send failed: ", process.HaltReason, StringComparison.Ordinal);
        Assert.Equal(0, supervisor.Running);
        Assert.True(supervisor.WhenIdleAsync().IsCompleted);
    }

    [Fact]
    public void On_one_thread_a_loop_begins_in_the_callers_context_and_not_inside_the_call()
    {
        OneThread.Run(context =>
        {
            Supervisor supervisor = new(new InMemoryProcess());
            using Waiters waiters = new(new ManualTime());
            AsyncSignal signal = new(waiters);
            int rounds = 0;
            supervisor.Run(
                "loop",
                async () =>
                {
                    while (await signal.WaitAsync() != WaitOutcome.Closed)
                    {
                        Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                        rounds++;
                    }
                }
            );
            Task idle = supervisor.WhenIdleAsync();
            Assert.Equal(0, rounds);
            signal.Set();
            context.Pump();
            Assert.Equal(1, rounds);
            signal.Close();
            context.Pump();
            Assert.True(idle.IsCompleted);
        });
    }
}
