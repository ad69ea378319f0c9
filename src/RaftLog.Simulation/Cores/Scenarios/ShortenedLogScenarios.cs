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
        SimulationOptions options = NodeStage.Quick(("log.cleaner.backoff.ms", "300"), ("min.insync.replicas", "2")) with
        {
            Compacted = topic,
        };
        NodeStage stage = Begin(options, topic);
        KeyedProgram keys = new(stage.Cluster, new SimRandom(1));
        KeyedReader reader = new(stage.Cluster, options);
        stage.RunFor(Work);
        RestartAll(stage);
        stage.RunFor(Work);
        keys.Stop();
        stage.Reach(() => keys.IsDone, "all sends are decided");
        int wanted = reader.Reads.Count + 2;
        stage.Reach(() => reader.Reads.Count >= wanted, "two readers have come through");
        Expect.True(stage.Watch!.Rewritten > 0, "compaction has removed something");
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
        SimulationOptions options = NodeStage.Quick(("log.retention.check.interval.ms", "500"), ("min.insync.replicas", "2")) with
        {
            Retained = topic,
        };
        NodeStage stage = Begin(options, topic);
        TrimProgram trims = new(stage.Cluster, new SimRandom(1));
        stage.RunFor(Work);

        // Nothing is committed meanwhile, and gets old enough to go.
        SimMachine leader = stage.Cluster.Machine(stage.Watch!.Beliefs.PartitionsOf(topic.Name).Single().Registration.Leader.Value);
        stage.CutOff(leader, fromClients: false);
        stage.RunFor(Work);
        stage.Cluster.Network.HealAll();
        RestartAll(stage);
        stage.Reach(() => trims.Confirmed > 0 && trims.Rejected > 0, "records are deleted, and a deletion beyond the end is rejected");
        trims.Stop();
        stage.Reach(() => trims.IsDone, "all sends are decided");
        RetainedReader reader = new(stage.Cluster, options);
        stage.Reach(() => reader.IsDone, "a reader has come through");
        Expect.True(reader.Start > Offset.Zero);
        History history = new()
        {
            Sends = [.. trims.Sends.Where(each => each.Outcome != SendOutcome.Acknowledged || each.Offset >= reader.Start)],
            Final = reader.Seen,
        };
        Expect.Equal("", string.Join('\n', HistoryChecker.Check(history)));
    }

    private static NodeStage Begin(SimulationOptions options, LogTopic topic)
    {
        NodeStage stage = new(options);
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync();
            await stage.Client.Admin.CreateTopicsAsync([new NewTopic(topic.Name, 1, 3) { Configs = topic.Configs }]);
        });
        return stage;
    }

    private static void RestartAll(NodeStage stage)
    {
        foreach (SimMachine machine in stage.Cluster.Machines)
        {
            machine.LosePower();
        }

        foreach (SimMachine machine in stage.Cluster.Machines)
        {
            machine.Start();
        }
    }
}
