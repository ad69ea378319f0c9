using Xunit.Abstractions;

namespace RaftLog.Simulation.Tests;

/// <summary>The same nodes and clients on real threads.</summary>
public sealed class ThreadTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task On_real_threads_with_random_yields_no_promise_breaks()
    {
        SeedOutcome outcome = await ThreadRun.RunAsync(seed: 1, Time);

        output.WriteLine(outcome.ToString());
        Assert.True(outcome.Held, $"{outcome.Violation}\n{outcome.Explanation}");
        Assert.True(outcome.Acknowledged > 0 && outcome.Faults > 0);
    }
}
