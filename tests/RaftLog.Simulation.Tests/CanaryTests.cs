using RaftLog.Checking;

namespace RaftLog.Simulation.Tests;

/// <summary>Worlds in which a promise must break: what the checker finds there it would find in a broken node too.</summary>
public sealed class CanaryTests
{
    [Fact]
    public void A_disk_that_lies_about_flushing_is_found_out_at_the_first_word_that_rests_on_it() =>
        Assert.All(RunOverLyingDisks("/t-", watch: true), each => Assert.StartsWith("flushed-fetch", each.Failure));

    [Fact]
    public void A_vote_that_is_not_on_the_disk_is_found_out_when_it_leaves() =>
        Assert.All(RunOverLyingDisks("quorum-state", watch: true), each => Assert.Matches("^(vote|epoch)-on-disk", each.Failure));

    [Fact]
    public void A_metadata_log_that_is_not_on_the_disk_is_found_out() =>
        Assert.All(
            RunOverLyingDisks("__cluster_metadata-0/0", watch: true),
            each => Assert.Matches("^(flushed-fetch|majority)", each.Failure)
        );

    /// <summary>
    /// Only segments: a replica whose <c>partition.metadata</c> is gone knows that it is lost, and waits instead of losing records.
    /// </summary>
    [Fact]
    public void A_disk_that_lies_about_flushing_is_found_out_by_what_clients_miss_at_the_end()
    {
        List<SimulationReport> reports = RunOverLyingDisks("/t-0/0", watch: false);

        Assert.Contains(reports, each => each.Anomalies.Any(anomaly => anomaly.Kind == AnomalyKind.LostRecord));
        Assert.All(reports, each => Assert.False(each.Passed, each.Summary));
    }

    private static List<SimulationReport> RunOverLyingDisks(string files, bool watch)
    {
        List<SimulationReport> reports = [];
        for (ulong seed = 1; seed <= 5; seed++)
        {
            SimulationOptions lying = new()
            {
                Seed = seed,
                WatchesImages = watch,
                FaultTime = TimeSpan.FromSeconds(10),
                Disk = new SimulationOptions { Seed = seed }.Disk with { LiesAbout = files },
                Faults = FaultMix.Of(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1), FaultKind.PowerLossOfAll),
            };
            reports.Add(OwnThread.Run(() => SimulationRun.Of(lying)));
        }

        return reports;
    }
}
