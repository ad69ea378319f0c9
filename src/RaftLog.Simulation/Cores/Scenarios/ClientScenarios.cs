using System.Globalization;
using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Stories of the shipped client that take long: what becomes of a group, and of a producer, while the cluster changes.</summary>
internal static class ClientScenarios
{
    private const string Group = "workers";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    public static void An_hour_with_a_stuck_handler_a_lost_coordinator_a_grown_and_a_remade_topic_in_a_classic_group() =>
        AnHour(GroupProtocol.Classic);

    public static void An_hour_with_a_stuck_handler_a_lost_coordinator_a_grown_and_a_remade_topic_in_a_consumer_group() =>
        AnHour(GroupProtocol.Consumer);

    private static void AnHour(GroupProtocol protocol)
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick(("offsets.topic.num.partitions", "1"), ("group.initial.rebalance.delay.ms", "500")),
            watches: false
        );
        scenario.Tell(() => CreateAsync(scenario, 2));
        SortedSet<string> produced = new(StringComparer.Ordinal);
        Begin(scenario.Client, scenario.Program, produced);
        Worker first = new(scenario, protocol);
        Worker second = new(scenario, protocol);
        bool IsHandled(string value) => first.Handled.Contains(value) || second.Handled.Contains(value);
        void ReachAll(double seconds, string when)
        {
            List<string> all = [.. produced];
            for (double waited = 0; waited < seconds && !all.TrueForAll(IsHandled); waited++)
            {
                scenario.RunFor(1);
            }

            Expect.True(all.TrueForAll(IsHandled), $"{when}: {string.Join(", ", all.Where(each => !IsHandled(each)))} are not handled");
        }

        // Minute 0 to 5: nothing happens.
        scenario.RunFor(300);
        ReachAll(30, "in peace");
        Expect.True(first.Handled.Count > 0 && second.Handled.Count > 0, "both share the partitions");

        // A handler sticks for a quarter of an hour. After max.poll.interval.ms, five minutes, the other has all partitions.
        first.IsStuck = true;
        scenario.RunFor(380);
        Expect.True(!first.Consumer.CheckHealth(TimeSpan.FromMinutes(5)).IsHealthy, "a consumer whose handler is stuck says so");
        ReachAll(60, "beside a stuck handler");
        scenario.RunFor(460);
        first.Release(scenario);
        scenario.RunFor(60);
        Expect.True(first.Consumer.CheckHealth(TimeSpan.FromMinutes(5)).IsHealthy, "it is well again");
        ReachAll(60, "after a stuck handler");
        Expect.True(first.Consumer.Assigned.Count == 1 && second.Consumer.Assigned.Count == 1, "both share the partitions again");

        // The coordinator's node is lost for ten minutes.
        SimMachine coordinator = scenario.Cluster.Machine(scenario.PartitionOf("__consumer_offsets")!.Leader.Value);
        coordinator.Kill();
        scenario.RunFor(120);
        ReachAll(60, "without the coordinator");
        scenario.RunFor(480);
        coordinator.Start();
        scenario.RunFor(60);
        ReachAll(60, "with the coordinator back");

        // The topic grows.
        scenario.Tell(() => GrowAsync(scenario, 6));
        scenario.RunFor(400);
        ReachAll(60, "with more partitions");
        Expect.Equal(6, first.Consumer.Assigned.Count + second.Consumer.Assigned.Count);

        // The topic is deleted, is away for a minute, and is made anew: what was not read of it is gone, and no later record is.
        produced.Clear();
        scenario.Tell(async () => await scenario.Client.Admin.DeleteTopicsAsync([ScenarioCluster.Topic]));
        scenario.RunFor(60);
        produced.Clear();
        scenario.Tell(() => CreateAsync(scenario, 3));
        scenario.RunFor(400);
        ReachAll(60, "after the topic was made anew");
        Expect.Equal(3, first.Consumer.Assigned.Count + second.Consumer.Assigned.Count);

        // To the end of the hour.
        scenario.RunFor(Math.Max(0, 3600 - (scenario.Cluster.Scheduler.NowUs / 1e6)));
        ReachAll(60, "in the end");
        Expect.True(produced.Count > 60, $"only {produced.Count} records since the topic was made anew");
        first.Stop(scenario);
        second.Stop(scenario);
    }

    /// <summary>Produces a record now and then, for ever; what is acknowledged must be handled.</summary>
    private static void Begin(KafkaCluster client, Incarnation program, SortedSet<string> produced) =>
        program.Run(
            "produce",
            async () =>
            {
                Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(30) });
                for (int i = 0; ; i++)
                {
                    string value = i.ToString("D6", CultureInfo.InvariantCulture);
                    byte[] bytes = Encoding.UTF8.GetBytes(value);
                    try
                    {
                        await producer.ProduceAsync(ScenarioCluster.Topic, new ProducerRecord(bytes, bytes));
                        produced.Add(value);
                    }
                    catch (KafkaException)
                    {
                        // The topic is away.
                    }

                    await Task.Delay(Pause, program.Time);
                }
            }
        );

    private static async Task CreateAsync(ScenarioCluster scenario, int partitions)
    {
        while (true)
        {
            await Task.Delay(Pause, scenario.Program.Time);
            try
            {
                ErrorCode error = (await scenario.Client.Admin.CreateTopicsAsync([new NewTopic(ScenarioCluster.Topic, partitions, 3)]))[
                    0
                ].Error;
                if (error is ErrorCode.None or ErrorCode.TopicAlreadyExists)
                {
                    return;
                }
            }
            catch (KafkaException)
            {
                // Nobody leads yet.
            }
        }
    }

    private static async Task GrowAsync(ScenarioCluster scenario, int partitions) =>
        await scenario.Client.Admin.CreatePartitionsAsync(ScenarioCluster.Topic, partitions);

    /// <summary>A member of the group, in a process of its own, that handles records with <see cref="Consumer.ProcessAsync"/>.</summary>
    private sealed class Worker
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Incarnation _program;
        private readonly KafkaCluster _client;
        private readonly Task _working;
        private Consumer? _consumer;
        private TaskCompletionSource _free = new();

        public Worker(ScenarioCluster scenario, GroupProtocol protocol)
        {
            (_program, _client) = scenario.Cluster.NewClient();
            _working = ScenarioCluster.Begin(_program, () => WorkAsync(protocol));
        }

        public Consumer Consumer => _consumer ?? throw new AlarmException("liveness", "the worker has not begun");

        public SortedSet<string> Handled { get; } = new(StringComparer.Ordinal);

        /// <summary>True so that the next handler does not end until <see cref="Release"/>.</summary>
        public bool IsStuck { get; set; }

        public void Release(ScenarioCluster scenario)
        {
            IsStuck = false;
            TaskCompletionSource free = _free;
            _free = new TaskCompletionSource();
            scenario.Tell(
                _program,
                () =>
                {
                    free.SetResult();
                    return Task.CompletedTask;
                }
            );
        }

        /// <summary>Ends its work, and leaves the group; in its own process.</summary>
        public void Stop(ScenarioCluster scenario)
        {
            scenario.Tell(
                _program,
                () =>
                {
                    _stop.Cancel();
                    return Task.CompletedTask;
                }
            );
            scenario.Reach(() => _working.IsCompleted, "the worker ends");
        }

        private async Task WorkAsync(GroupProtocol protocol)
        {
            await using Consumer consumer = _client.CreateConsumer(
                new ConsumerOptions
                {
                    GroupId = Group,
                    GroupProtocol = protocol,
                    OffsetReset = OffsetReset.Earliest,
                }
            );
            _consumer = consumer;
            consumer.Subscribe([ScenarioCluster.Topic]);
            await consumer.ProcessAsync(HandleAsync, new ProcessingOptions(), _stop.Token);
        }

        private async ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel)
        {
            if (IsStuck)
            {
                await _free.Task;
                return;
            }

            Handled.Add(Encoding.UTF8.GetString(record.Value!));
        }
    }
}
