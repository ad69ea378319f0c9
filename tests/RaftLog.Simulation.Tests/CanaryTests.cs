using RaftLog.Checking;

namespace RaftLog.Simulation.Tests;

/// <summary>Worlds in which a promise must break: what the checker finds there it would find in a broken node too.</summary>
public sealed class CanaryTests
{
    [Fact]
    public void A_disk_that_lies_about_flushing_is_found_out_at_the_first_word_that_rests_on_it() =>
        Assert.All(RunOverLyingDisks(watch: true), each => Assert.StartsWith("flushed-fetch", each.Failure));

    [Fact]
    public void A_disk_that_lies_about_flushing_is_found_out_by_what_clients_miss_at_the_end()
    {
        List<SimulationReport> reports = RunOverLyingDisks(watch: false);

        Assert.Contains(reports, each => each.Anomalies.Any(anomaly => anomaly.Kind == AnomalyKind.LostRecord));
        Assert.All(reports, each => Assert.False(each.Passed, each.Summary));
    }

    private static List<SimulationReport> RunOverLyingDisks(bool watch)
    {
        List<SimulationReport> reports = [];
        for (ulong seed = 1; seed <= 5; seed++)
        {
            SimulationOptions lying = new()
            {
                Seed = seed,
                WatchesImages = watch,
                FaultTime = TimeSpan.FromSeconds(10),
                Disk = new SimulationOptions { Seed = seed }.Disk with { LiesAbout = "/t-" },
                Faults = FaultMix.Of(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1), FaultKind.PowerLossOfAll),
            };
            reports.Add(OwnThread.Run(() => SimulationRun.Of(lying)));
        }

        return reports;
    }
}
