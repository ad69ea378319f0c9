using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xunit.Abstractions;

namespace RaftLog.Simulation.Tests;

/// <summary>
/// A seed is a run: the same in the same process, in the middle of a batch, and in another process; what would make it another is found.
/// </summary>
public sealed class DeterminismTests(ITestOutputHelper output)
{
    private const ulong Seed = 3;

    [Fact]
    public void A_seed_gives_the_same_run_twice_in_a_process()
    {
        SimulationReport first = OwnThread.Run(() => SimulationRun.Of(Seed));
        SimulationReport second = OwnThread.Run(() => SimulationRun.Of(Seed));

        Assert.Equal(first.Hash, second.Hash);
        Assert.Equal(first.Steps, second.Steps);
    }

    [Fact]
    public void A_run_leaves_nothing_behind_that_the_runtime_keeps()
    {
        SimCluster world = new(new SimulationOptions { Seed = 1 }, new SimRandom(1));
        OwnThread.Run(() => world.NewClient());
        Assert.True(IsKept(world));

        world.Dispose();

        Assert.False(IsKept(world));
    }

    private static bool IsKept(SimCluster world)
    {
        bool isKept = false;
        using MeterListener listener = new() { InstrumentPublished = (instrument, _) => isKept |= instrument.Meter.Scope == world.Meters };
        listener.Start();
        return isKept;
    }

    [Fact]
    public void A_stack_trace_is_shown_and_does_not_make_another_run()
    {
        Trace interpreted = new(),
            inlined = new(),
            other = new();
        interpreted.Say(0, "n1 halts itself: broken\n   at A()\n   at B()");
        inlined.Say(0, "n1 halts itself: broken\n   at B()");
        other.Say(0, "n2 halts itself: broken");

        Assert.Equal(interpreted.Hash, inlined.Hash);
        Assert.NotEqual(interpreted.Hash, other.Hash);
        Assert.Contains("at A()", interpreted.Lines.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_does_not_come_back_fails_the_run()
    {
        SimCluster world = new(new SimulationOptions { Seed = 1 }, new SimRandom(1));
        (Incarnation program, _) = world.NewClient();
        long begin = program.Time.GetTimestamp();
        program.Run(
            "spin",
            () =>
            {
                while (program.Time.GetTimestamp() == begin) { }

                return Task.CompletedTask;
            }
        );
        world.Scheduler.RunFor(TimeSpan.FromSeconds(1));

        Assert.StartsWith("liveness: ", world.Scheduler.Failure, StringComparison.Ordinal);
        Assert.False(program.IsAlive);
    }

    [Fact]
    public void Two_seeds_give_two_runs() =>
        Assert.NotEqual(OwnThread.Run(() => SimulationRun.Of(Seed)).Hash, OwnThread.Run(() => SimulationRun.Of(Seed + 1)).Hash);

    [Fact]
    public void A_seed_gives_the_same_run_in_a_batch_of_another_process_which_uses_neither_pool_nor_timers()
    {
        SimulationReport here = OwnThread.Run(() => SimulationRun.Of(Seed));

        string[] there = RunInAnotherProcess($"{Seed - 1}", "3");

        Assert.Equal($"{Seed} {here.Hash:x16} held", there[1]);
        Assert.Equal("0 0", there[^1]);
    }

    [Fact]
    public void A_program_that_stays_in_its_world_is_silent()
    {
        string[] lines = RunInAnotherProcess("leak", "none");

        Assert.EndsWith("held", lines[0]);
        Assert.Equal("0 0", lines[^1]);
    }

    [Fact]
    public void A_program_that_asks_the_real_clock_is_found_by_the_hash() =>
        Assert.Contains("determinism", RunInAnotherProcess("leak", "utc-now")[0]);

    [Theory]
    [InlineData("task-run")]
    [InlineData("when-any")]
    public void A_program_that_uses_the_pool_is_found(string kind) =>
        Assert.False(RunInAnotherProcess("leak", kind)[^1].StartsWith("0 ", StringComparison.Ordinal));

    private string[] RunInAnotherProcess(params string[] arguments)
    {
        ProcessStartInfo start = new(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet"
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", typeof(SeedProgram).Assembly.Location, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string response = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        output.WriteLine(errors.Result);
        return response.Trim().Split('\n');
    }
}
