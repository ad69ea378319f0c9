using RaftLog.Broker.Runtime;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Tests.Runtime;

/// <summary>What an event loop says of its core, and what it does not.</summary>
public sealed class EventLoopTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    public void Only_a_time_that_had_passed_when_it_was_named_is_a_fault_of_the_core(int fromNowMs, int told)
    {
        ManualTime time = new();
        Pump pump = new();
        using Waiters waiters = new(time);
        int warnings = 0;
        EventLoop loop = new(waiters) { Warn = _ => warnings++ };
        pump.Start(() =>
            loop.RunAsync(() =>
            {
                long deadline = loop.NowMs + fromNowMs;

                // The thread has to wait for a processor.
                time.Advance(TimeSpan.FromMilliseconds(6));
                return deadline;
            })
        );
        for (int turn = 0; turn < 10; turn++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            pump.Drain();
        }

        Assert.Equal(told, warnings);
    }
}
