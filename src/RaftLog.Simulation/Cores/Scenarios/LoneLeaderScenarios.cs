using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Scenarios of a leader that is cut off from all other nodes, and goes on taking records with acks=1 from a program that reaches it alone:
/// none of them is ever committed, so nothing that it does with its log may rest on them.
/// </summary>
internal static class LoneLeaderScenarios
{
    private const int Keys = 8;
    private const double Together = 5;

    /// <summary>Longer than the time between two checkpoints, and than records of the retained topic stay.</summary>
    private const double Alone = 8;

    public static void A_leader_that_is_cut_off_compacts_nothing_by_records_that_are_not_committed() =>
        CutOff(
            new LogTopic(
                LogTopic.Compacted,
                [
                    new("cleanup.policy", "compact"),
                    new("segment.ms", "400"),
                    new("min.cleanable.dirty.ratio", "0.01"),
                    new("delete.retention.ms", "60000"),
                ]
            ),
            static (options, topic) => options with { Compacted = topic },
            static _ => { }
        );

    public static void A_leader_that_is_cut_off_deletes_by_age_nothing_that_is_not_committed() =>
        CutOff(
            new LogTopic(LogTopic.Retained, [new("cleanup.policy", "delete"), new("segment.ms", "400"), new("retention.ms", "2000")]),
            static (options, topic) => options with { Retained = topic },
            static starts => Expect.True(starts.Count > 0, "the leader was asked where its log begins")
        );

    public static void A_checkpoint_of_a_leader_that_is_cut_off_says_nothing_of_records_that_are_not_committed() =>
        CutOff(new LogTopic("orders-2", []), static (options, _) => options, static _ => { });

    private static void CutOff(LogTopic topic, Func<SimulationOptions, LogTopic, SimulationOptions> with, Action<List<Offset>> judge)
    {
        SimulationOptions options = with(
            ScenarioCluster.Quick(
                ("log.cleaner.backoff.ms", "300"),
                ("log.retention.check.interval.ms", "300"),
                ("min.insync.replicas", "1")
            ),
            topic
        );
        ScenarioCluster scenario = new(options);
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.Client.Admin.CreateTopicsAsync([new NewTopic(topic.Name, 1, 3) { Configs = topic.Configs }]);
        });
        (Incarnation careless, KafkaCluster its) = scenario.Cluster.NewClient();
        Producer? producer = null;
        scenario.Tell(
            careless,
            () =>
            {
                producer = its.CreateProducer(new ProducerOptions { Acks = Acks.Leader });
                return WriteAsync(careless, producer, topic.Name, Together);
            }
        );
        scenario.Reach(() => scenario.PartitionOf(topic.Name) is { Isr.Count: 3, HasLeader: true }, "all are in sync");

        SimMachine alone = scenario.Cluster.Machine(scenario.PartitionOf(topic.Name)!.Leader.Value);
        scenario.CutOff(alone, fromClients: false);
        foreach (SimMachine other in scenario.Cluster.Machines.Where(each => each != alone))
        {
            scenario.Cluster.Network.Cut(careless.Name, other.Name);
        }

        List<Offset> starts = [];
        Task filled = ScenarioCluster.Begin(careless, () => WriteAsync(careless, producer!, topic.Name, Alone));
        Task asked = ScenarioCluster.Begin(careless, () => AskAsync(careless, its, topic.Name, starts));
        scenario.Reach(() => filled.IsCompleted && asked.IsCompleted, "the leader that is cut off takes records");
        judge(starts);
        scenario.Cluster.Network.HealAll();
        scenario.Reach(() => scenario.PartitionOf(topic.Name) is { Isr.Count: 3, HasLeader: true }, "all are in sync again");
        scenario.RunFor(2);
    }

    private static async Task WriteAsync(Incarnation program, Producer producer, string topic, double seconds)
    {
        const int pauseMs = 40;
        for (int i = 0; i < seconds * 1000 / pauseMs; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(pauseMs), program.Time);
            byte[] key = [0, 0, 0, (byte)(i % Keys)];
            await producer.ProduceAsync(topic, new ProducerRecord(key, Encoding.UTF8.GetBytes($"{i}")) { Partition = 0 });
        }
    }

    private static async Task AskAsync(Incarnation program, KafkaCluster cluster, string topic, List<Offset> starts)
    {
        TopicPartition partition = new(topic, 0);
        for (int i = 0; i < Alone; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), program.Time);
            starts.Add(
                (
                    await cluster.Admin.ListOffsetsAsync(
                        new SortedDictionary<TopicPartition, OffsetSpec> { [partition] = OffsetSpec.Earliest }
                    )
                )[partition].Offset
            );
        }
    }
}
