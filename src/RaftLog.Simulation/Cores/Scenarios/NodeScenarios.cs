using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of whole nodes and the shipped client.</summary>
internal static class NodeScenarios
{
    private const int FirstOwn = 2;

    public static void A_leader_that_is_cut_off_from_brokers_and_controllers_is_replaced_within_a_session() =>
        ReplacedWithin(3.5, static stage => stage.Leader.Node!.QuorumLeader != stage.Leader.Node.Id, static (_, _) => true);

    public static void A_controller_that_is_cut_off_gives_up_within_its_bound_and_another_leads() =>
        ReplacedWithin(
            10,
            static stage => stage.Leader.Node!.QuorumLeader == stage.Leader.Node.Id,
            static (stage, old) =>
                old.Node!.QuorumLeader != old.Node.Id
                && stage.Cluster.Machines.Any(each => each != old && each.Node!.QuorumLeader == each.Node.Id)
        );

    public static void A_partition_that_a_sessions_fetch_does_not_name_counts_only_where_it_stands()
    {
        NodeStage stage = new(NodeStage.Quick());
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync();
            await stage.ProduceAsync("one");
        });
        stage.Settle(1);
        stage.RunFor(2);
        List<SimMachine> followers = [.. stage.Cluster.Machines.Where(each => each != stage.Leader)];
        followers.ForEach(each => each.Volume.Slowness = 10_000);
        Task produced = NodeStage.Begin(stage.Program, () => stage.ProduceAsync("two"));
        stage.RunFor(0.3);
        Expect.True(!produced.IsCompleted, "a record that no follower has flushed is not acknowledged");
        followers.ForEach(each => each.Volume.EndSlowness());
        stage.Reach(() => produced.IsCompleted, "the record is acknowledged once the followers have flushed it");
    }

    public static void KAFKA_14616_a_topic_does_not_inherit_the_records_of_a_deleted_namesake() =>
        MadeAnewWhileAway(static _ => { }, "new");

    public static void A_log_that_cannot_show_its_topics_id_is_no_replica_of_it() =>
        MadeAnewWhileAway(
            static away =>
            {
                TopicPartition orders = new(NodeStage.Topic, 0);
                away.Disown(orders, orders);
            },
            "new",
            "newer",
            "newest"
        );

    public static void A_replica_whose_directory_is_gone_leads_nothing_and_counts_for_nothing_until_it_has_copied_the_log()
    {
        // The last one in sync has a record that no other has, and comes back without its directory.
        NodeStage stage = new(NodeStage.Quick() with { Nodes = 4, Voters = 1, Brokers = 3 }, watches: false);
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync();
            await stage.ProduceAsync("first");
        });
        stage.Settle(batches: 1);

        // Long enough for the checkpoints to name the log.
        stage.RunFor(6);
        SimMachine last = stage.Leader;
        List<SimMachine> others =
        [
            .. stage.Partition!.Replicas.Select(each => stage.Cluster.Machine(each.Value)).Where(each => each != last),
        ];
        others.ForEach(static each => each.Kill());
        stage.Reach(() => stage.Partition is { Isr.Count: 1 }, "one is in sync");
        stage.Tell(() => stage.ProduceAsync("only there"));
        last.Kill();
        TopicPartition orders = new(NodeStage.Topic, 0);
        last.Lose(orders);
        last.Start();
        others.ForEach(static each => each.Start());
        stage.RunFor(10);
        Expect.Equal(NodeId.None, stage.Partition!.Leader);
        Expect.True(NodeStage.KnownTo(last) is null);

        stage.Tell(async () =>
        {
            await stage.Client.Admin.ElectLeadersAsync([orders], unclean: true);
            await stage.ProduceAsync("next");
        });
        stage.Settle(batches: 2);
        stage.ExpectEqualReplicas();
    }

    public static void KAFKA_10706_a_follower_with_an_epoch_that_left_no_record_agrees_with_its_leader_and_goes_on()
    {
        // A second leader writes nothing and is cut off; a third one has never heard of its epoch. The log ends of both are equal, their
        // epochs are not.
        NodeStage stage = new(NodeStage.Quick());
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync();
            await stage.ProduceAsync("first");
        });
        SimMachine first = stage.Leader;
        Depose(stage, first);
        stage.Settle(batches: 1);

        SimMachine second = stage.Leader;
        LeaderEpoch withoutRecords = stage.Partition!.LeaderEpoch;
        Expect.Equal(withoutRecords, NodeStage.KnownTo(second)!.Epochs.Latest);
        Depose(stage, second);
        Expect.True(stage.Partition!.LeaderEpoch > withoutRecords);
        stage.Settle(batches: 1);
        stage.Tell(() => stage.ProduceAsync("second"));
        stage.Settle(batches: 2);
        stage.ExpectEqualReplicas();
        Expect.True(NodeStage.KnownTo(second)!.Epochs.Entries.All(each => each.Epoch != withoutRecords));
    }

    public static void KAFKA_14704_a_deposed_leader_counts_none_of_its_own_records_when_it_hears_of_a_higher_high_watermark()
    {
        NodeStage stage = new(NodeStage.Quick());
        (Incarnation careless, KafkaCluster its) = stage.Cluster.NewClient();
        Producer? own = null;
        stage.Tell(stage.CreateTopicAsync);
        stage.Tell(
            careless,
            () =>
            {
                own = its.CreateProducer(new ProducerOptions { Acks = Acks.Leader });
                return NodeStage.ProduceAsync(own, "common");
            }
        );
        stage.Tell(() => stage.ProduceAsync("common, too"));
        stage.Settle(FirstOwn);
        SimMachine deposed = stage.Leader;
        LeaderEpoch lost = stage.Partition!.LeaderEpoch;
        stage.CutOff(deposed, fromClients: false);
        stage.Tell(
            careless,
            async () =>
            {
                await NodeStage.ProduceAsync(own!, "only there");
                await NodeStage.ProduceAsync(own!, "only there, too");
            }
        );
        Expect.Equal(FirstOwn + 2, NodeStage.LogOf(deposed).Batches.Count);
        stage.CutOff(deposed, fromClients: true);
        stage.Reach(() => stage.LeaderIfAny is { } next && next != deposed, "another leads");
        stage.Tell(async () =>
        {
            await stage.ProduceAsync("committed");
            await stage.ProduceAsync("committed, too");
            await stage.ProduceAsync("committed, at last");
        });

        // From here on after every step: what it counts as committed is what was.
        Action<Incarnation> look = stage.Cluster.Scheduler.Stepped;
        stage.Cluster.Scheduler.Stepped = program =>
        {
            look(program);
            if (
                NodeStage.KnownTo(deposed) is { } log
                && log.HighWatermark > new Offset(FirstOwn)
                && log.Epochs.At(log.HighWatermark - 1) == lost
            )
            {
                stage.Cluster.Scheduler.Fail(
                    $"follower-high-watermark: {deposed.Name} counts {log.HighWatermark} records as committed, and has not cut its own yet"
                );
            }
        };
        stage.Cluster.Network.HealAll();
        stage.Settle(FirstOwn + 3);
        stage.ExpectEqualReplicas();
        Expect.True(stage.Watch!.Rare.Counts["sometimes: followers told that they diverge"] > 0);
    }

    public static void A_record_that_was_appended_before_too_few_were_in_sync_is_acknowledged_when_enough_are_and_stands_there_once()
    {
        NodeStage stage = new(NodeStage.Quick(("min.insync.replicas", "2")) with { Nodes = 4, Voters = 1, Brokers = 3 });

        // One producer for both: it knows the leader before the others stop answering.
        Producer? producer = null;
        stage.Tell(async () =>
        {
            producer = stage.Client.CreateProducer(new ProducerOptions());
            await stage.CreateTopicAsync();
            await NodeStage.ProduceAsync(producer, "before");
        });
        stage.Settle(batches: 1);
        SimMachine leader = stage.Leader;
        List<SimMachine> followers =
        [
            .. stage.Partition!.Replicas.Select(each => stage.Cluster.Machine(each.Value)).Where(each => each != leader),
        ];
        followers.ForEach(each => each.Pause());
        Offset at = Offset.None;
        Task sent = NodeStage.Begin(stage.Program, async () => at = await NodeStage.ProduceAsync(producer!, "meanwhile"));
        stage.Reach(() => NodeStage.LogOf(leader).Batches.Count == 2, "the leader has appended it");
        stage.Reach(() => stage.Partition is { Isr: [var alone] } && alone.Value == leader.Number, "the leader is alone in sync");

        // Longer than a request may take, so that the producer sends it again while it can be neither appended nor committed.
        stage.RunFor(10);
        Expect.False(sent.IsCompleted);
        Expect.Equal(new Offset(1), NodeStage.KnownTo(leader)!.HighWatermark);
        Expect.True(stage.Watch!.Rare.Counts["sometimes: records rejected, too few in sync"] > 0);

        followers.ForEach(each => each.Resume());
        stage.Reach(() => sent.IsCompleted, "it is acknowledged");
        Expect.Equal(new Offset(1), at);
        stage.Settle(batches: 2);
        stage.ExpectEqualReplicas();
    }

    /// <summary>A topic is deleted and made anew while a replica is away, which comes back with two records of the dead one.</summary>
    private static void MadeAnewWhileAway(Action<SimMachine> meddle, params string[] records)
    {
        NodeStage stage = new(NodeStage.Quick(), watches: false);
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync();
            await stage.ProduceAsync("old");
            await stage.ProduceAsync("older");
        });
        SimMachine away = stage.Cluster.Machines[^1];
        away.Kill();
        stage.RunFor(4);
        stage.Tell(async () =>
        {
            await stage.Client.Admin.DeleteTopicsAsync([NodeStage.Topic]);
            await stage.CreateTopicAsync();
            foreach (string record in records)
            {
                await stage.ProduceAsync(record);
            }
        });
        meddle(away);
        away.Start();
        stage.Settle(records.Length);
        stage.ExpectEqualReplicas();
    }

    /// <summary>
    /// Cuts the partition's leader off from all other nodes, not from clients, and holds the others against a bound: one of them leads by
    /// then.
    /// </summary>
    /// <param name="seconds">The bound.</param>
    /// <param name="suits">Whether the partition's leader is of the kind that the scenario is about; until it is, the leader is held for a
    /// while.</param>
    /// <param name="goal">What is true besides, once the bound is over.</param>
    private static void ReplacedWithin(double seconds, Func<NodeStage, bool> suits, Func<NodeStage, SimMachine, bool> goal)
    {
        NodeStage stage = new(NodeStage.Quick());
        stage.Tell(stage.CreateTopicAsync);
        for (int i = 0; i < 10 && !suits(stage); i++)
        {
            SimMachine held = stage.Leader;
            held.Pause();
            stage.Reach(() => stage.LeaderIfAny is { } next && next != held, "another broker leads");
            held.Resume();
            stage.Settle(0);
        }

        Expect.True(suits(stage), "the partition's leader is of the kind that the scenario is about");
        SimMachine old = stage.Leader;
        stage.CutOff(old, fromClients: false);
        stage.RunFor(seconds);
        Expect.True(stage.LeaderIfAny is { } next && next != old, $"another leads after {seconds} s");
        Expect.True(goal(stage, old), $"the goal is reached after {seconds} s");
        stage.Cluster.Network.HealAll();
        stage.Tell(() => stage.ProduceAsync("one"));
        stage.Settle(1);
        stage.ExpectEqualReplicas();
    }

    /// <summary>Cuts a leader off until another leads, and lets it come back.</summary>
    private static void Depose(NodeStage stage, SimMachine leader)
    {
        stage.CutOff(leader, fromClients: true);
        stage.Reach(() => stage.LeaderIfAny is { } next && next != leader, "another leads");
        stage.Cluster.Network.HealAll();
    }
}
