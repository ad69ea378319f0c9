using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using RaftLog.Platform.Waiting;

namespace RaftLog.Platform.Tests;

public sealed class ReusedStateMethodBuilderTests
{
    private static readonly AsyncLocal<string?> Flowing = new();

    [Fact]
    public async Task A_call_that_never_waits_returns_or_throws()
    {
        Gate open = new();
        open.Open(1);
        Assert.Equal(2, await TwiceAsync(open));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ThrowAsync("at once"));
    }

    [Fact]
    public async Task A_call_that_waits_returns_or_throws_later()
    {
        Gate gate = new();
        ValueTask<int> twice = TwiceAsync(gate);
        Assert.False(twice.IsCompleted);
        gate.Open(21);
        Assert.Equal(42, await twice);

        Gate failing = new();
        ValueTask nothing = NothingAsync(failing);
        failing.Fail(new InvalidOperationException("later"));
        Assert.Equal("later", (await Assert.ThrowsAsync<InvalidOperationException>(async () => await nothing)).Message);
    }

    [Fact]
    public async Task Many_calls_under_way_at_once_take_no_new_memory_the_second_time()
    {
        Gate[] gates = [.. Enumerable.Range(0, 100).Select(static _ => new Gate())];
        ValueTask<int>[] calls = new ValueTask<int>[gates.Length];
        await Task.Run(() =>
        {
            Assert.Equal(9900, Turn());
            long before = GC.GetAllocatedBytesForCurrentThread();
            int sum = Turn();
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(9900, sum);
            Assert.Equal(0, allocated);
        });

        int Turn()
        {
            for (int i = 0; i < gates.Length; i++)
            {
                gates[i].Close();
                calls[i] = TwiceAsync(gates[i]);
            }

            int total = 0;
            for (int i = 0; i < gates.Length; i++)
            {
                gates[i].Open(i);
                total += calls[i].GetAwaiter().GetResult();
            }

            return total;
        }
    }

    [Fact]
    public async Task What_flows_with_the_execution_context_flows_over_a_wait_and_not_into_the_caller()
    {
        Flowing.Value = "caller";
        Gate gate = new();
        ValueTask<string?> seen = SetAndReadAsync("callee", gate);
        Assert.Equal("caller", Flowing.Value);
        await Task.Run(() => gate.Open(0));
        Assert.Equal("callee", await seen);
        Assert.Equal("caller", Flowing.Value);
    }

    [Fact]
    public async Task A_second_await_of_one_call_is_an_error_and_hurts_no_other_call()
    {
        Gate gate = new();
        ValueTask<int> first = TwiceAsync(gate);
        gate.Open(1);
        Assert.Equal(2, await first);
        Gate other = new();
        ValueTask<int> second = TwiceAsync(other);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await first);
        other.Open(2);
        Assert.Equal(4, await second);
    }

    [Fact]
    public async Task A_call_that_begins_inside_the_end_of_another_may_have_its_state()
    {
        // What awaits a call goes on inside its last step: the state is given back, and serves the next call, while that step is under way.
        await Task.Run(() =>
        {
            Gate first = new();
            Gate second = new();
            List<int> results = [];
            ValueTask<int> outer = TwiceAsync(first);
            ValueTask<int> inner = default;
            outer
                .GetAwaiter()
                .UnsafeOnCompleted(() =>
                {
                    results.Add(outer.GetAwaiter().GetResult());
                    inner = TwiceAsync(second);
                    inner.GetAwaiter().UnsafeOnCompleted(() => results.Add(inner.GetAwaiter().GetResult()));
                    second.Open(2);
                });
            first.Open(1);
            Assert.Equal([2, 4], results);
        });
    }

    [Fact]
    public async Task A_call_that_has_failed_leaves_nothing_of_its_failure_to_the_next()
    {
        Gate failing = new();
        ValueTask<int> failed = TwiceAsync(failing);
        failing.Fail(new InvalidOperationException("once"));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await failed);
        Gate gate = new();
        ValueTask<int> next = TwiceAsync(gate);
        Assert.False(next.IsCompleted);
        gate.Open(3);
        Assert.Equal(6, await next);
    }

    [Fact]
    public async Task A_result_that_is_not_there_yet_is_an_error_and_its_call_goes_on()
    {
        Gate gate = new();
        ValueTask<int> early = TwiceAsync(gate);
        Assert.Throws<InvalidOperationException>(() => early.GetAwaiter().GetResult());
        ValueTask<int> other = TwiceAsync(new Gate());
        gate.Open(4);
        Assert.False(other.IsCompleted);
        Assert.Equal(8, await early);
    }

    [Fact]
    public async Task Threads_share_the_states_and_never_one()
    {
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async worker =>
                {
                    for (int i = 0; i < 5_000; i++)
                    {
                        Assert.Equal((worker, i), await YieldAndReturnAsync(worker, i));
                    }
                })
        );
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder<>))]
    private static async ValueTask<int> TwiceAsync(Gate gate) => 2 * await gate.Opens;

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    private static async ValueTask NothingAsync(Gate gate) => await gate.Opens;

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    private static async ValueTask ThrowAsync(string message)
    {
        await ValueTask.CompletedTask;
        throw new InvalidOperationException(message);
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder<>))]
    private static async ValueTask<string?> SetAndReadAsync(string value, Gate gate)
    {
        Flowing.Value = value;
        await gate.Opens;
        return Flowing.Value;
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder<>))]
    private static async ValueTask<(int Worker, int Number)> YieldAndReturnAsync(int worker, int number)
    {
        await Task.Yield();
        return (worker, number);
    }

    /// <summary>What a call waits for; the call goes on inside of <see cref="Open"/>.</summary>
    private sealed class Gate : IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> _core;

        public ValueTask<int> Opens => new(this, _core.Version);

        public void Open(int value) => _core.SetResult(value);

        public void Fail(Exception failure) => _core.SetException(failure);

        public void Close() => _core.Reset();

        public int GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
