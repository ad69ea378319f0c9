using Xunit.Abstractions;

namespace RaftLog.Simulation.Tests;

/// <summary>The shipped cluster and client under faults, seed after seed.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const ulong FirstSeed = 1;
    private const int Seeds = 20;

    [Fact]
    public void No_promise_breaks_under_faults()
    {
        List<SimulationReport> reports = [];
        for (ulong seed = FirstSeed; seed < FirstSeed + Seeds; seed++)
        {
            SimulationReport report = OwnThread.Run(() => SimulationRun.Of(seed));
            output.WriteLine(report.Summary);
            Assert.True(report.Passed, report.Explain());
            reports.Add(report);
        }

        output.WriteLine(
            $"{reports.Count} seeds, {reports.Sum(each => each.Simulated.TotalSeconds):F0} simulated seconds, {reports.Sum(each => each.Faults)} faults, "
            + $"{reports.Sum(each => each.Acknowledged)} acknowledged records checked");
        Assert.All(reports, each => Assert.True(each.Acknowledged > 0 && each.Faults > 0 && each.Seen > 0, $"seed {each.Options.Seed} shows nothing"));
    }

    [Fact]
    public void With_flushing_left_to_the_system_killed_processes_lose_nothing()
    {
        for (ulong seed = FirstSeed; seed < FirstSeed + 4; seed++)
        {
            SimulationOptions drawn = SimulationOptions.Draw(seed);
            SimulationOptions pageCache = drawn with
            {
                Properties = [.. drawn.Properties, new("log.flush.interval.messages", "9223372036854775807")],
                Faults = drawn.Faults with { Kill = 5, PowerLoss = 0, PowerLossOfAll = 0, EndInOperation = 0, FlushFailure = 0 },
            };
            SimulationReport report = OwnThread.Run(() => SimulationRun.Of(pageCache));
            output.WriteLine(report.Summary);
            Assert.True(report.Passed, report.Explain());
        }
    }

    [Fact]
    public void A_cluster_without_faults_loses_nothing_and_leaves_nothing_open()
    {
        SimulationReport report = OwnThread.Run(() => SimulationRun.Of(new SimulationOptions { Seed = 7, FaultTime = TimeSpan.FromSeconds(5) }));

        Assert.True(report.Passed, report.Explain());
        Assert.Equal(0, report.Unknown);
    }
}
