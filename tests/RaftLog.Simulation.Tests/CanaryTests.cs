using RaftLog.Checking;

namespace RaftLog.Simulation.Tests;

/// <summary>Worlds in which a promise must break: what the checker finds there it would find in a broken node too.</summary>
public sealed class CanaryTests
{
    [Fact]
    public void A_disk_that_lies_about_flushing_is_found_out()
    {
        List<SimulationReport> reports = [];
        for (ulong seed = 1; seed <= 5; seed++)
        {
            SimulationOptions drawn = SimulationOptions.Draw(seed);
            SimulationOptions lying = drawn with
            {
                FaultTime = TimeSpan.FromSeconds(10),
                Disk = drawn.Disk with { LiesAbout = "/t-" },
                Faults = FaultMix.Of(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1), FaultKind.PowerLossOfAll),
            };
            reports.Add(OwnThread.Run(() => SimulationRun.Of(lying)));
        }

        Assert.Contains(reports, each => each.Anomalies.Any(anomaly => anomaly.Kind == AnomalyKind.LostRecord));
        Assert.All(reports, each => Assert.False(each.Passed, each.Summary));
    }
}
