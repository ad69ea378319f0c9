using RaftLog.Simulation.Cores;
using Xunit.Abstractions;

namespace RaftLog.Replication.Tests;

/// <summary>
/// Thousands of small clusters, each with faults of its own. <c>RAFTLOG_SEEDS</c> and <c>RAFTLOG_FIRST_SEED</c> ask for others.
/// </summary>
[Trait("Category", "Slow")]
public sealed class SimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void No_seed_loses_or_changes_what_was_committed()
    {
        ulong first = ulong.Parse(Environment.GetEnvironmentVariable("RAFTLOG_FIRST_SEED") ?? "1");
        ulong count = ulong.Parse(Environment.GetEnvironmentVariable("RAFTLOG_SEEDS") ?? "300");
        long events = 0;
        long acknowledged = 0;
        long truncated = 0;
        long crashes = 0;
        long elections = 0;
        for (ulong seed = first; seed < first + count; seed++)
        {
            var cluster = new PartitionWorld(seed);
            try
            {
                cluster.Run();
            }
            catch (Exception alarm)
            {
                throw new InvalidOperationException($"seed {seed}: {alarm.Message}\n{cluster.Options}", alarm);
            }

            events += cluster.Events;
            acknowledged += cluster.Witness.Acknowledged;
            truncated += cluster.Witness.TruncatedRecords;
            crashes += cluster.Crashes;
            elections += cluster.Elections;
        }

        output.WriteLine(
            $"{count} seeds: {events} events, {acknowledged} acknowledged, {truncated} records truncated, {crashes} crashes, "
                + $"{elections} elections"
        );
        Assert.True(acknowledged > 0 && truncated > 0 && crashes > 0, "the clusters have to do something to show something");
    }
}
