using System.Diagnostics;
using Xunit.Abstractions;

namespace RaftLog.Simulation.Tests;

/// <summary>A seed is a run: the same in the same process, and the same in another.</summary>
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
    public void Two_seeds_give_two_runs() =>
        Assert.NotEqual(OwnThread.Run(() => SimulationRun.Of(Seed)).Hash, OwnThread.Run(() => SimulationRun.Of(Seed + 1)).Hash);

    [Fact]
    public void A_seed_gives_the_same_run_in_another_process_which_uses_neither_pool_nor_timers()
    {
        SimulationReport here = OwnThread.Run(() => SimulationRun.Of(Seed));

        string[] there = RunInAnotherProcess(Seed);

        Assert.Equal([$"{Seed}", $"{here.Hash:x16}", "0", "0"], there);
    }

    [Fact]
    public void Two_other_seeds_leave_the_pool_alone_too()
    {
        foreach (ulong seed in new ulong[] { 5, 8 })
        {
            Assert.Equal(["0", "0"], RunInAnotherProcess(seed)[2..]);
        }
    }

    private string[] RunInAnotherProcess(ulong seed)
    {
        ProcessStartInfo start = new(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in new[] { "exec", typeof(SeedProgram).Assembly.Location, $"{seed}", "1" })
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        output.WriteLine(errors.Result);
        return answer.Trim().Split(' ');
    }
}
