using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Scenarios of a whole cluster: what is no evidence that a broker is gone fences and elects nobody; what is evidence fences the
/// incarnation that was lost, and no other.
/// </summary>
internal static class ClusterScenarios
{
    public static void Connections_that_are_reset_fence_and_elect_nobody() =>
        InPeace(world =>
        {
            foreach (CoreNode node in world.Nodes)
            {
                ResetConnectionOf(world, node);
            }

            world.RunFor(1_000);
        });

    public static void A_process_that_is_held_shorter_than_its_session_fences_and_elects_nobody() =>
        InPeace(world =>
        {
            CoreNode held = Follower(world);
            held.Pause();
            ResetConnectionOf(world, held);
            world.RunFor(world.Options.SessionMs / 2);
            held.Resume();
            world.RunFor(1_000);
        });

    public static void A_full_backlog_that_leaves_connects_unanswered_fences_and_elects_nobody() =>
        InPeace(world =>
        {
            CoreNode full = Follower(world);
            foreach (CoreNode other in world.Nodes)
            {
                world.Network.Cut(other.Id.Value, full.Id.Value);
            }

            ResetConnectionOf(world, full);
            world.RunFor(world.Options.SessionMs / 3);
            world.Network.Heal();
            world.RunFor(2_000);
        });

    public static void A_minute_in_which_processes_run_a_tenth_of_the_time_fences_and_elects_nobody() =>
        InPeace(world =>
        {
            for (int round = 0; round < 100; round++)
            {
                CoreNode starved = world.Nodes[round % world.Nodes.Count];
                starved.Pause();
                world.RunFor(540);
                starved.Resume();
                world.RunFor(60);
            }
        });

    public static void A_broker_that_is_gone_is_fenced_long_before_its_session_ends()
    {
        CoreWorld world = Calm();
        CoreNode gone = Follower(world);
        gone.Crash(losesPower: false);
        world.ProcessEnded(gone);
        world.RunFor(300);
        Expect.True(world.Committed.Brokers[gone.Id].Fenced);
    }

    public static void A_rejected_probe_fences_the_lost_incarnation_only()
    {
        // The process is back, and registered anew, before the end of its old connection is noticed.
        CoreWorld world = Calm();
        CoreNode back = Follower(world);
        BrokerEpoch lost = back.RegisteredAs;
        back.Crash(losesPower: false);
        back.Start();
        world.Reach(
            () => world.Committed.Brokers[back.Id] is { Fenced: false } known && known.Epoch != lost,
            5_000,
            () => "the broker is not back"
        );
        CoreNode controller = world.ActiveController!;
        int fencings = world.Fencings;
        Expect.Equal(0, controller.Controller.TellProbe(back.Id, lost, rejected: true));
        world.RunFor(1_000);
        Expect.Equal(fencings, world.Fencings);
        Expect.False(world.Committed.Brokers[back.Id].Fenced);
    }

    public static void KIP_903_the_controller_rejects_an_in_sync_set_with_an_earlier_incarnation()
    {
        CoreWorld world = Calm();
        TopicImage topic = Topic(world);
        PartitionRegistration partition = topic.Partitions[0];
        AlterPartitionRequest request = new()
        {
            BrokerId = partition.Leader,
            BrokerEpoch = world.Committed.Brokers[partition.Leader].Epoch,
        };
        AlterPartitionRequest.PartitionData asked = new()
        {
            PartitionIndex = 0,
            LeaderEpoch = partition.LeaderEpoch,
            PartitionEpoch = partition.PartitionEpoch,
        };
        foreach (NodeId member in partition.Isr)
        {
            long epoch = world.Committed.Brokers[member].Epoch.Value;
            asked.NewIsrWithEpochs.Add(
                new() { BrokerId = member, BrokerEpoch = new BrokerEpoch(member == partition.Leader ? epoch : epoch - 1) }
            );
        }

        AlterPartitionRequest.TopicData inTopic = new() { TopicId = topic.Id };
        inTopic.Partitions.Add(asked);
        request.Topics.Add(inTopic);
        AlterPartitionResponse? response = null;
        world.ActiveController!.Controller.Decide((controller, _, _) => controller.AlterPartition(request), reply => response = reply);
        world.RunFor(500);
        Expect.Equal(ErrorCode.IneligibleReplica, response!.Topics[0].Partitions[0].ErrorCode);
    }

    private static void InPeace(Action<CoreWorld> disturb)
    {
        CoreWorld world = Calm();
        (int Fencings, int Elections, string Leaders) before = (world.Fencings, world.Witness.Elections, Leaders(world));
        disturb(world);
        Expect.Equal(before, (world.Fencings, world.Witness.Elections, Leaders(world)));
    }

    private static CoreWorld Calm()
    {
        CoreWorld world = new(
            1,
            new CoreOptions
            {
                FaultMs = 0,
                SessionMs = 2_000,
                HeartbeatMs = 300,
            }
        );
        world.Begin();
        world.Reach(() => world.HasTopic, 10_000, () => "there is no topic");
        world.RunFor(6_000);
        return world;
    }

    private static TopicImage Topic(CoreWorld world)
    {
        world.Committed.Topics.TryGet(CoreWorld.Topic, out TopicImage? topic);
        return topic!;
    }

    private static string Leaders(CoreWorld world) =>
        string.Join(' ', Topic(world).Partitions.Select(each => $"{each.Key}:{each.Value.Leader}/{each.Value.LeaderEpoch}"));

    private static CoreNode Follower(CoreWorld world) => world.Nodes.First(node => node != world.ActiveController);

    private static void ResetConnectionOf(CoreWorld world, CoreNode node)
    {
        foreach (CoreNode other in world.Nodes)
        {
            if (other != node)
            {
                other.Run(() => other.Controller.ConnectionLost(node.Id));
            }
        }
    }
}
