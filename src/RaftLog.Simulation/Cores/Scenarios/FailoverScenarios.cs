using RaftLog.Client;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Scenarios of a controller that takes over: what was handed out, who was told to be alive, and what changes of configuration come to.
/// </summary>
internal static class FailoverScenarios
{
    private const int Producers = 3;
    private const double LessThanASession = 1.5;

    public static void A_new_controller_fences_only_whose_process_is_gone()
    {
        NodeStage stage = new(NodeStage.Quick());
        stage.Tell(stage.CreateTopicAsync);
        stage.Reach(() => stage.Cluster.Machines.All(static each => each.IsReady), "all are ready");
        stage.RunFor(1);
        int before = stage.Watch!.Beliefs.Fencings;
        KillController(stage);
        stage.RunFor(LessThanASession);
        List<SimMachine> alive = [.. stage.Cluster.Machines.Where(static each => each.IsUp)];
        Expect.True(stage.Watch.Beliefs.Fencings > before, "the killed one is fenced");
        Expect.True(alive.All(each => alive.All(other => !other.Node!.Image.Brokers[each.Node!.Id].Fenced)), "nobody else is");
    }

    public static void Producer_ids_are_handed_out_once_across_controllers_and_brokers()
    {
        NodeStage stage = new(NodeStage.Quick());
        stage.Tell(stage.CreateTopicAsync);
        ProduceBySome(stage);
        SimMachine killed = KillController(stage);
        ProduceBySome(stage);
        killed.Start();
        stage.Reach(() => killed.IsReady, "the killed one is back");
        ProduceBySome(stage);

        // An id for each producer, a block or more, a registration for each start, and the topic.
        Expect.True(stage.Watch!.HandedOut.Count >= (3 * Producers) + 1 + stage.Cluster.Machines.Count + 2);
    }

    public static void Short_and_long_changes_of_configuration_come_to_the_same_on_every_node_across_controllers()
    {
        NodeStage stage = new(NodeStage.Quick(("metadata.log.max.record.bytes.between.snapshots", "1000")));
        stage.Tell(stage.CreateTopicAsync);
        ConfigProgram configs = new(stage.Cluster, new SimRandom(3));
        stage.RunFor(20);
        SimMachine killed = KillController(stage);
        stage.RunFor(10);
        killed.Start();
        stage.RunFor(10);
        configs.Stop();
        stage.RunFor(5);
        Expect.True(configs.Confirmed > 10, $"more than ten changes are confirmed, not {configs.Confirmed}");
        foreach (SimMachine machine in stage.Cluster.Machines)
        {
            configs.Check(machine);
        }

        Expect.True(stage.Cluster.Scheduler.Failure is null, stage.Cluster.Scheduler.Failure ?? "");
    }

    private static void ProduceBySome(NodeStage stage)
    {
        for (int i = 0; i < Producers; i++)
        {
            (Incarnation program, KafkaCluster client) = stage.Cluster.NewClient();
            stage.Tell(program, () => NodeStage.ProduceAsync(client.CreateProducer(new Client.Produce.ProducerOptions()), $"{i}"));
        }
    }

    private static SimMachine KillController(NodeStage stage)
    {
        NodeId leader = stage.Cluster.Machines.First(static each => each.IsUp && each.Node!.QuorumLeader.IsNode).Node!.QuorumLeader;
        SimMachine killed = stage.Cluster.Machine(leader.Value);
        killed.Kill();
        stage.Reach(
            () => stage.Cluster.Machines.Any(each => each.IsUp && each.Node!.QuorumLeader is { IsNode: true } other && other != leader),
            "another leads the quorum"
        );
        return killed;
    }
}
