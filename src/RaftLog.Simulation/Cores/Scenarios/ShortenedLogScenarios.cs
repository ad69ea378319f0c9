using RaftLog.Checking;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of logs that get holes or lose their beginning, of whole nodes with the workloads of seeds.</summary>
internal static class ShortenedLogScenarios
{
    private const double Work = 8;

    public static void A_reader_of_a_compacted_log_sees_the_last_value_of_each_key_after_all_lost_their_power()
    {
        LogTopic topic = new(
            LogTopic.Compacted,
            [
                new("cleanup.policy", "compact"),
                new("segment.ms", "400"),
                new("min.cleanable.dirty.ratio", "0.01"),
                new("delete.retention.ms", "60000"),
            ]
        );
        SimulationOptions options = ScenarioCluster.Quick(("log.cleaner.backoff.ms", "300"), ("min.insync.replicas", "2")) with
        {
            Compacted = topic,
        };
        ScenarioCluster scenario = Begin(options, topic);
        KeyedProgram keys = new(scenario.Cluster, new SimRandom(1));
        KeyedReader reader = new(scenario.Cluster, options);
        scenario.RunFor(Work);
        RestartAll(scenario);
        scenario.RunFor(Work);
        keys.Stop();
        scenario.Reach(() => keys.IsDone, "all sends are decided");
        int wanted = reader.Reads.Count + 2;
        scenario.Reach(() => reader.Reads.Count >= wanted, "two readers have come through");
        Expect.True(scenario.Watch!.Rewritten > 0, "compaction has removed something");
        History history = new()
        {
            Keyed =
            [
                new KeyedHistory(new TopicPartition(topic.Name, 0), keys.Sends, reader.Reads) { TombstonesStay = TimeSpan.FromMinutes(1) },
            ],
        };
        Expect.Equal("", string.Join('\n', HistoryChecker.Check(history)));
    }

    public static void Records_leave_the_beginning_of_a_log_on_demand_and_by_age_and_never_what_is_not_committed()
    {
        LogTopic topic = new(LogTopic.Retained, [new("cleanup.policy", "delete"), new("segment.ms", "400"), new("retention.ms", "5000")]);
        SimulationOptions options = ScenarioCluster.Quick(("log.retention.check.interval.ms", "500"), ("min.insync.replicas", "2")) with
        {
            Retained = topic,
        };
        ScenarioCluster scenario = Begin(options, topic);
        TrimProgram trims = new(scenario.Cluster, new SimRandom(1));
        scenario.RunFor(Work);

        // Nothing is committed meanwhile, and gets old enough to go.
        SimMachine leader = scenario.Cluster.Machine(scenario.Watch!.Beliefs.PartitionsOf(topic.Name).Single().Registration.Leader.Value);
        scenario.CutOff(leader, fromClients: false);
        scenario.RunFor(Work);
        scenario.Cluster.Network.HealAll();
        RestartAll(scenario);
        scenario.Reach(() => trims.Confirmed > 0 && trims.Rejected > 0, "records are deleted, and a deletion beyond the end is rejected");
        trims.Stop();
        scenario.Reach(() => trims.IsDone, "all sends are decided");
        RetainedReader reader = new(scenario.Cluster, options);
        scenario.Reach(() => reader.IsDone, "a reader has come through");
        Expect.True(reader.Start > Offset.Zero);
        History history = new()
        {
            Sends = [.. trims.Sends.Where(each => each.Outcome != SendOutcome.Acknowledged || each.Offset >= reader.Start)],
            Final = reader.Seen,
        };
        Expect.Equal("", string.Join('\n', HistoryChecker.Check(history)));
    }

    private static ScenarioCluster Begin(SimulationOptions options, LogTopic topic)
    {
        ScenarioCluster scenario = new(options);
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.Client.Admin.CreateTopicsAsync([new NewTopic(topic.Name, 1, 3) { Configs = topic.Configs }]);
        });
        return scenario;
    }

    private static void RestartAll(ScenarioCluster scenario)
    {
        foreach (SimMachine machine in scenario.Cluster.Machines)
        {
            machine.LosePower();
        }

        foreach (SimMachine machine in scenario.Cluster.Machines)
        {
            machine.Start();
        }
    }
}
