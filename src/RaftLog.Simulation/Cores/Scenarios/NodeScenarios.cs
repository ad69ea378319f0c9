using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Stories of whole nodes and the shipped client.</summary>
internal static class NodeScenarios
{
    private const string Topic = "orders";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public static void KAFKA_14616_a_topic_does_not_inherit_the_records_of_a_deleted_namesake()
    {
        SimulationOptions options = new() { Seed = 1, Partitions = 1, Properties = [new("broker.session.timeout.ms", "2000"), new("broker.heartbeat.interval.ms", "400")] };
        SimCluster cluster = new(options, new SimRandom(1));
        foreach (SimMachine machine in cluster.Machines)
        {
            machine.Start();
        }

        (Incarnation program, KafkaCluster client) = cluster.NewClient();
        Tell(cluster, program, async () =>
        {
            await CreateAsync(client, program);
            await ProduceAsync(client, "old");
            await ProduceAsync(client, "older");
        });
        SimMachine away = cluster.Machines[^1];
        away.Kill();
        cluster.Scheduler.RunFor(TimeSpan.FromSeconds(4));
        Tell(cluster, program, async () =>
        {
            await client.Admin.DeleteTopicsAsync([Topic]);
            await CreateAsync(client, program);
            await ProduceAsync(client, "new");
        });
        away.Start();
        cluster.Scheduler.RunFor(TimeSpan.FromSeconds(20));
        ReplicaLog first = LogOf(cluster.Machines[0]);
        Expect.Equal(1, first.Batches.Count);
        foreach (SimMachine machine in cluster.Machines)
        {
            ReplicaLog replica = LogOf(machine);
            Expect.Equal(1, replica.Batches.Count);
            Expect.True(replica.Batches[0].Bytes.Span.SequenceEqual(first.Batches[0].Bytes.Span));
        }
    }

    private static ReplicaLog LogOf(SimMachine machine) => ReplicaReader.Read(machine, machine.Node!.Id, new TopicPartition(Topic, 0), Offset.Zero);

    private static async Task CreateAsync(KafkaCluster client, Incarnation program)
    {
        for (ErrorCode answer = ErrorCode.UnknownServerError; answer != ErrorCode.None;)
        {
            await Task.Delay(Pause, program.Time);
            try
            {
                answer = (await client.Admin.CreateTopicsAsync([new NewTopic(Topic, 1, 3)]))[0].Error;
            }
            catch (KafkaException)
            {
                // Nobody leads yet.
            }
        }
    }

    private static async Task ProduceAsync(KafkaCluster client, string value)
    {
        Producer producer = client.CreateProducer(new ProducerOptions());
        await producer.ProduceAsync(Topic, new ProducerRecord(null, System.Text.Encoding.UTF8.GetBytes(value)) { Partition = 0 });
    }

    private static void Tell(SimCluster cluster, Incarnation program, Func<Task> story)
    {
        bool isTold = false;
        program.Run("story", async () =>
        {
            await story();
            isTold = true;
        });
        Expect.True(cluster.Scheduler.RunUntil(() => isTold, TimeSpan.FromSeconds(60)), cluster.Scheduler.Failure ?? "the story ends");
    }
}
