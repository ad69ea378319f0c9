using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of whole nodes and the shipped client.</summary>
internal static class NodeScenarios
{
    private const int FirstOwn = 2;

    public static void A_leader_that_is_cut_off_from_brokers_and_controllers_is_replaced_within_a_session() =>
        ReplacedWithin(3.5, static scenario => scenario.Leader.Node!.QuorumLeader != scenario.Leader.Node.Id, static (_, _) => true);

    public static void A_controller_that_is_cut_off_gives_up_within_its_bound_and_another_leads() =>
        ReplacedWithin(
            10,
            static scenario => scenario.Leader.Node!.QuorumLeader == scenario.Leader.Node.Id,
            static (scenario, old) =>
                old.Node!.QuorumLeader != old.Node.Id
                && scenario.Cluster.Machines.Any(each => each != old && each.Node!.QuorumLeader == each.Node.Id)
        );

    public static void A_partition_that_a_sessions_fetch_does_not_name_counts_only_where_it_stands()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.ProduceAsync("one");
        });
        scenario.Settle(1);
        scenario.RunFor(2);
        List<SimMachine> followers = [.. scenario.Cluster.Machines.Where(each => each != scenario.Leader)];
        followers.ForEach(each => each.Volume.Slowness = 10_000);
        Task produced = ScenarioCluster.Begin(scenario.Program, () => scenario.ProduceAsync("two"));
        scenario.RunFor(0.3);
        Expect.True(!produced.IsCompleted, "a record that no follower has flushed is not acknowledged");
        followers.ForEach(each => each.Volume.EndSlowness());
        scenario.Reach(() => produced.IsCompleted, "the record is acknowledged once the followers have flushed it");
    }

    public static void KAFKA_14616_a_topic_does_not_inherit_the_records_of_a_deleted_namesake() =>
        MadeAnewWhileAway(static _ => { }, "new");

    public static void A_log_that_cannot_show_its_topics_id_is_no_replica_of_it() =>
        MadeAnewWhileAway(
            static away =>
            {
                TopicPartition orders = new(ScenarioCluster.Topic, 0);
                away.Disown(orders, orders);
            },
            "new",
            "newer",
            "newest"
        );

    public static void A_topic_made_anew_where_one_without_records_could_not_be_renamed_yet_keeps_its_records()
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick() with
            {
                Nodes = 1,
                Properties = [new("min.insync.replicas", "1")],
            },
            watches: false
        );
        scenario.Tell(() => scenario.CreateTopicAsync(ScenarioCluster.Topic, replicas: 1));
        SimMachine machine = scenario.Leader;
        machine.Volume.IsUnchangeable = true;
        scenario.Tell(async () => (await scenario.Client.Admin.DeleteTopicsAsync([ScenarioCluster.Topic]))[0].ThrowIfFailed());
        scenario.RunFor(1);
        machine.Volume.IsUnchangeable = false;
        scenario.Tell(async () =>
        {
            // The topic is there at once; its log may begin only when the old one is out of the way.
            await scenario.Client.Admin.CreateTopicsAsync([new NewTopic(ScenarioCluster.Topic, 1, 1)]);
            await scenario.ProduceAsync("kept");
        });
        scenario.RunFor(10);
        machine.LosePower();
        machine.Start();
        scenario.Reach(() => machine.IsReady && ScenarioCluster.KnownTo(machine) is not null, "the node serves the topic again");
        Expect.Equal(1, ScenarioCluster.LogOf(machine).Batches.Count);
    }

    public static void A_replica_whose_directory_is_gone_leads_nothing_and_counts_for_nothing_until_it_has_copied_the_log()
    {
        // The last one in sync has a record that no other has, and comes back without its directory.
        ScenarioCluster scenario = new(ScenarioCluster.Quick() with { Nodes = 4, Voters = 1, Brokers = 3 }, watches: false);
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.ProduceAsync("first");
        });
        scenario.Settle(batches: 1);

        // Long enough for the checkpoints to name the log.
        scenario.RunFor(6);
        SimMachine last = scenario.Leader;
        List<SimMachine> others =
        [
            .. scenario.Partition!.Replicas.Select(each => scenario.Cluster.Machine(each.Value)).Where(each => each != last),
        ];
        others.ForEach(static each => each.Kill());
        scenario.Reach(() => scenario.Partition is { Isr.Count: 1 }, "one is in sync");
        scenario.Tell(() => scenario.ProduceAsync("only there"));
        last.Kill();
        TopicPartition orders = new(ScenarioCluster.Topic, 0);
        last.Lose(orders);
        last.Start();
        others.ForEach(static each => each.Start());
        scenario.RunFor(10);
        Expect.Equal(NodeId.None, scenario.Partition!.Leader);
        Expect.True(ScenarioCluster.KnownTo(last) is null);

        scenario.Tell(async () =>
        {
            await scenario.Client.Admin.ElectLeadersAsync([orders], unclean: true);
            await scenario.ProduceAsync("next");
        });
        scenario.Settle(batches: 2);
        scenario.ExpectEqualReplicas();
    }

    public static void KAFKA_10706_a_follower_with_an_epoch_that_left_no_record_agrees_with_its_leader_and_goes_on()
    {
        // A second leader writes nothing and is cut off; a third one has never heard of its epoch. The log ends of both are equal, their
        // epochs are not.
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.ProduceAsync("first");
        });
        SimMachine first = scenario.Leader;
        Depose(scenario, first);
        scenario.Settle(batches: 1);

        SimMachine second = scenario.Leader;
        LeaderEpoch withoutRecords = scenario.Partition!.LeaderEpoch;
        Expect.Equal(withoutRecords, ScenarioCluster.KnownTo(second)!.Epochs.Latest);
        Depose(scenario, second);
        Expect.True(scenario.Partition!.LeaderEpoch > withoutRecords);
        scenario.Settle(batches: 1);
        scenario.Tell(() => scenario.ProduceAsync("second"));
        scenario.Settle(batches: 2);
        scenario.ExpectEqualReplicas();
        Expect.True(ScenarioCluster.KnownTo(second)!.Epochs.Entries.All(each => each.Epoch != withoutRecords));
    }

    public static void KAFKA_14704_a_deposed_leader_counts_none_of_its_own_records_when_it_hears_of_a_higher_high_watermark()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        (Incarnation careless, KafkaCluster its) = scenario.Cluster.NewClient();
        Producer? own = null;
        scenario.Tell(scenario.CreateTopicAsync);
        scenario.Tell(
            careless,
            () =>
            {
                own = its.CreateProducer(new ProducerOptions { Acks = Acks.Leader });
                return ScenarioCluster.ProduceAsync(own, "common");
            }
        );
        scenario.Tell(() => scenario.ProduceAsync("common, too"));
        scenario.Settle(FirstOwn);
        SimMachine deposed = scenario.Leader;
        LeaderEpoch lost = scenario.Partition!.LeaderEpoch;
        scenario.CutOff(deposed, fromClients: false);
        scenario.Tell(
            careless,
            async () =>
            {
                await ScenarioCluster.ProduceAsync(own!, "only there");
                await ScenarioCluster.ProduceAsync(own!, "only there, too");
            }
        );
        Expect.Equal(FirstOwn + 2, ScenarioCluster.LogOf(deposed).Batches.Count);
        scenario.CutOff(deposed, fromClients: true);
        scenario.Reach(() => scenario.LeaderIfAny is { } next && next != deposed, "another leads");
        scenario.Tell(async () =>
        {
            await scenario.ProduceAsync("committed");
            await scenario.ProduceAsync("committed, too");
            await scenario.ProduceAsync("committed, at last");
        });

        // From here on after every step: what it counts as committed is what was.
        Action<Incarnation> look = scenario.Cluster.Scheduler.Stepped;
        scenario.Cluster.Scheduler.Stepped = program =>
        {
            look(program);
            if (
                ScenarioCluster.KnownTo(deposed) is { } log
                && log.HighWatermark > new Offset(FirstOwn)
                && log.Epochs.At(log.HighWatermark - 1) == lost
            )
            {
                scenario.Cluster.Scheduler.Fail(
                    $"follower-high-watermark: {deposed.Name} counts {log.HighWatermark} records as committed, and has not cut its own yet"
                );
            }
        };
        scenario.Cluster.Network.HealAll();
        scenario.Settle(FirstOwn + 3);
        scenario.ExpectEqualReplicas();
        Expect.True(scenario.Watch!.Rare.Counts["sometimes: followers told that they diverge"] > 0);
    }

    public static void A_record_that_was_appended_before_too_few_were_in_sync_is_acknowledged_when_enough_are_and_stands_there_once()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick(("min.insync.replicas", "2")) with { Nodes = 4, Voters = 1, Brokers = 3 });

        // One producer for both: it knows the leader before the others stop answering.
        Producer? producer = null;
        scenario.Tell(async () =>
        {
            producer = scenario.Client.CreateProducer(new ProducerOptions());
            await scenario.CreateTopicAsync();
            await ScenarioCluster.ProduceAsync(producer, "before");
        });
        scenario.Settle(batches: 1);
        SimMachine leader = scenario.Leader;
        List<SimMachine> followers =
        [
            .. scenario.Partition!.Replicas.Select(each => scenario.Cluster.Machine(each.Value)).Where(each => each != leader),
        ];
        followers.ForEach(each => each.Pause());
        Offset at = Offset.None;
        Task sent = ScenarioCluster.Begin(scenario.Program, async () => at = await ScenarioCluster.ProduceAsync(producer!, "meanwhile"));
        scenario.Reach(() => ScenarioCluster.LogOf(leader).Batches.Count == 2, "the leader has appended it");
        scenario.Reach(() => scenario.Partition is { Isr: [var alone] } && alone.Value == leader.Number, "the leader is alone in sync");

        // Longer than a request may take, so that the producer sends it again while it can be neither appended nor committed.
        scenario.RunFor(10);
        Expect.False(sent.IsCompleted);
        Expect.Equal(new Offset(1), ScenarioCluster.KnownTo(leader)!.HighWatermark);
        Expect.True(scenario.Watch!.Rare.Counts["sometimes: records rejected, too few in sync"] > 0);

        followers.ForEach(each => each.Resume());
        scenario.Reach(() => sent.IsCompleted, "it is acknowledged");
        Expect.Equal(new Offset(1), at);
        scenario.Settle(batches: 2);
        scenario.ExpectEqualReplicas();
    }

    /// <summary>A topic is deleted and made anew while a replica is away, which comes back with two records of the dead one.</summary>
    private static void MadeAnewWhileAway(Action<SimMachine> meddle, params string[] records)
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick(), watches: false);
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.ProduceAsync("old");
            await scenario.ProduceAsync("older");
        });
        SimMachine away = scenario.Cluster.Machines[^1];
        away.Kill();
        scenario.RunFor(4);
        scenario.Tell(async () =>
        {
            await scenario.Client.Admin.DeleteTopicsAsync([ScenarioCluster.Topic]);
            await scenario.CreateTopicAsync();
            foreach (string record in records)
            {
                await scenario.ProduceAsync(record);
            }
        });
        meddle(away);
        away.Start();
        scenario.Settle(records.Length);
        scenario.ExpectEqualReplicas();
    }

    /// <summary>
    /// Cuts the partition's leader off from all other nodes, not from clients, and holds the others against a bound: one of them leads by
    /// then.
    /// </summary>
    /// <param name="seconds">The bound.</param>
    /// <param name="suits">Whether the partition's leader is of the kind that the scenario is about; until it is, the leader is held for a
    /// while.</param>
    /// <param name="goal">What is true besides, once the bound is over.</param>
    private static void ReplacedWithin(double seconds, Func<ScenarioCluster, bool> suits, Func<ScenarioCluster, SimMachine, bool> goal)
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        for (int i = 0; i < 10 && !suits(scenario); i++)
        {
            SimMachine held = scenario.Leader;
            held.Pause();
            scenario.Reach(() => scenario.LeaderIfAny is { } next && next != held, "another broker leads");
            held.Resume();
            scenario.Settle(0);
        }

        Expect.True(suits(scenario), "the partition's leader is of the kind that the scenario is about");
        SimMachine old = scenario.Leader;
        scenario.CutOff(old, fromClients: false);
        scenario.RunFor(seconds);
        Expect.True(scenario.LeaderIfAny is { } next && next != old, $"another leads after {seconds} s");
        Expect.True(goal(scenario, old), $"the goal is reached after {seconds} s");
        scenario.Cluster.Network.HealAll();
        scenario.Tell(() => scenario.ProduceAsync("one"));
        scenario.Settle(1);
        scenario.ExpectEqualReplicas();
    }

    /// <summary>Cuts a leader off until another leads, and lets it come back.</summary>
    private static void Depose(ScenarioCluster scenario, SimMachine leader)
    {
        scenario.CutOff(leader, fromClients: true);
        scenario.Reach(() => scenario.LeaderIfAny is { } next && next != leader, "another leads");
        scenario.Cluster.Network.HealAll();
    }
}
