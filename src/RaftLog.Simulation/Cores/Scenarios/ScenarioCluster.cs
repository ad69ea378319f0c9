using System.Runtime.CompilerServices;
using System.Text;
using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Whole nodes, the shipped client, and one topic with one partition: for scenarios in which every step is chosen.</summary>
internal sealed class ScenarioCluster
{
    internal const string Topic = "orders";
    private static readonly TopicPartition Orders = new(Topic, 0);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="options">What the world is like.</param>
    /// <param name="watches">Whether what leaves the machines is held against their disk images; not where a topic is deleted, which those
    /// checks do not know.</param>
    /// <param name="absent">Nodes that are not started yet.</param>
    internal ScenarioCluster(SimulationOptions options, bool watches = true, params int[] absent)
    {
        Cluster = new SimCluster(options, new SimRandom(options.Seed));
        if (watches)
        {
            Watch = new PromiseWatch(Cluster, options);
            Cluster.Network.Watch = Watch;
            Cluster.Scheduler.Stepped = Watch.Stepped;
        }

        foreach (SimMachine machine in Cluster.Machines.Where(each => !absent.Contains(each.Number)))
        {
            machine.Start();
        }

        (Program, Client) = Cluster.NewClient();
    }

    internal SimCluster Cluster { get; }

    /// <summary>What holds the words of the machines against their disks; null where nothing does.</summary>
    internal PromiseWatch? Watch { get; }

    internal Incarnation Program { get; }

    internal KafkaCluster Client { get; }

    /// <summary>The newest version of the partition that any node believes in; null before there is one.</summary>
    internal PartitionRegistration? Partition => PartitionOf(Topic);

    /// <summary>The machine of the partition's leader; null while it has none.</summary>
    internal SimMachine? LeaderIfAny => Partition is { HasLeader: true } led ? Cluster.Machine(led.Leader.Value) : null;

    /// <summary>The machine of the partition's leader, which it has.</summary>
    internal SimMachine Leader => LeaderIfAny ?? throw new AlarmException("liveness", $"nobody leads {Topic}: {Partition}");

    private IEnumerable<SimMachine> Running => Cluster.Machines.Where(each => each.IsUp && each.Node is not null);

    /// <summary>The newest version of the first partition of a topic that any node believes in; null before there is one.</summary>
    internal PartitionRegistration? PartitionOf(string topic) =>
        Running
            .Select(each => InImageOf(each, topic))
            .OfType<PartitionRegistration>()
            .OrderByDescending(each => each.LeaderEpoch)
            .ThenByDescending(each => each.PartitionEpoch)
            .FirstOrDefault();

    /// <summary>Settings with which a broker that is cut off is fenced within seconds.</summary>
    internal static SimulationOptions Quick(params (string Key, string Value)[] more) =>
        new()
        {
            Seed = 1,
            Partitions = 1,
            Properties =
            [
                new("broker.session.timeout.ms", "2000"),
                new("broker.heartbeat.interval.ms", "400"),
                new("replica.lag.time.max.ms", "1000"),
                .. more.Select(each => new KeyValuePair<string, string>(each.Key, each.Value)),
            ],
        };

    /// <summary>Tells a story inside the client's process, to its end.</summary>
    internal void Tell(Func<Task> story, [CallerArgumentExpression(nameof(story))] string what = "") => Tell(Program, story, what);

    /// <summary>Tells a story inside the process of a client, to its end.</summary>
    internal void Tell(Incarnation program, Func<Task> story, [CallerArgumentExpression(nameof(story))] string what = "")
    {
        Task told = Begin(program, story);
        Reach(() => told.IsCompleted, $"the end of {what}");
        told.GetAwaiter().GetResult();
    }

    /// <summary>Begins a story inside the process of a client.</summary>
    internal static Task Begin(Incarnation program, Func<Task> story)
    {
        TaskCompletionSource told = new();
        program.Run(
            "story",
            async () =>
            {
                await story();
                told.SetResult();
            }
        );
        return told.Task;
    }

    /// <summary>Lets time pass until something is true.</summary>
    internal void Reach(Func<bool> goal, string what)
    {
        bool reached = Cluster.Scheduler.RunUntil(goal, Patience);
        Expect.Equal(0, Cluster.Scheduler.ForeignPosts);
        Expect.True(reached, Cluster.Scheduler.Failure ?? what);
    }

    /// <summary>Lets time pass; no promise may break in it.</summary>
    internal void RunFor(double seconds)
    {
        Cluster.Scheduler.RunFor(TimeSpan.FromSeconds(seconds));
        Expect.True(Cluster.Scheduler.Failure is null, Cluster.Scheduler.Failure ?? "");
    }

    /// <summary>Creates the topic with three replicas, as soon as there is a controller.</summary>
    internal Task CreateTopicAsync() => CreateTopicAsync(Topic);

    /// <summary>Creates a topic of one partition.</summary>
    internal async Task CreateTopicAsync(string name, short replicas = 3)
    {
        for (ErrorCode response = ErrorCode.UnknownServerError; response != ErrorCode.None; )
        {
            await Task.Delay(Pause, Program.Time);
            try
            {
                response = (await Client.Admin.CreateTopicsAsync([new NewTopic(name, 1, replicas)]))[0].Error;
            }
            catch (KafkaException)
            {
                // Nobody leads yet.
            }
        }
    }

    /// <summary>Produces one record with a producer of its own; the offset that it was acknowledged at.</summary>
    internal Task<Offset> ProduceAsync(string value) => ProduceAsync(Client.CreateProducer(new ProducerOptions()), value);

    /// <summary>Produces one record; the offset that it was acknowledged at.</summary>
    internal static async Task<Offset> ProduceAsync(Producer producer, string value) =>
        (await producer.ProduceAsync(Topic, new ProducerRecord(null, Encoding.UTF8.GetBytes(value)) { Partition = 0 })).Offset;

    /// <summary>Waits until all replicas are in sync and their disks hold equally many batches.</summary>
    internal void Settle(int batches) =>
        Reach(
            () =>
                Partition is { Isr.Count: 3 }
                && Partition.Replicas.All(each => LogOf(Cluster.Machine(each.Value)).Batches.Count == batches),
            $"all three replicas are in sync with {batches} batches: {Describe()}"
        );

    /// <summary>All replicas have the same bytes.</summary>
    internal void ExpectEqualReplicas()
    {
        List<ReplicaLog> replicas = [.. Partition!.Replicas.Select(each => LogOf(Cluster.Machine(each.Value)))];
        foreach (ReplicaLog replica in replicas)
        {
            Expect.Equal(replicas[0].Batches.Count, replica.Batches.Count);
            Expect.True(replica.Batches.Zip(replicas[0].Batches).All(each => each.First.Bytes.Span.SequenceEqual(each.Second.Bytes.Span)));
        }
    }

    /// <summary>Nothing passes between a machine and the others.</summary>
    internal void CutOff(SimMachine alone, bool fromClients)
    {
        foreach (string other in Cluster.HostsBesides(alone.Name, fromClients))
        {
            Cluster.Network.Cut(alone.Name, other);
            Cluster.Network.Cut(other, alone.Name);
        }
    }

    /// <summary>The partition's log on a machine, from its disk.</summary>
    internal static ReplicaLog LogOf(SimMachine machine) => ReplicaReader.Read(machine, machine.Node!.Id, Orders, Offset.Zero);

    /// <summary>What a node counts as committed of the partition, and its log's epochs; null while it has none.</summary>
    internal static Storage.PartitionLog? KnownTo(SimMachine machine) => machine.Node?.Partitions?.Find(Orders)?.Log;

    private static PartitionRegistration? InImageOf(SimMachine machine, string name) =>
        machine.Node!.Image.Topics.TryGet(name, out TopicImage? topic) ? topic.Partitions.GetValueOrDefault(0) : null;

    private string Describe() =>
        Partition is null
            ? "there is none"
            : string.Join(
                ", ",
                Partition.Replicas.Select(each =>
                    $"n{each} has {LogOf(Cluster.Machine(each.Value)).Batches.Count}{(Partition.Isr.Contains(each) ? " in sync" : "")}"
                )
            );
}
