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
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        scenario.Reach(() => scenario.Cluster.Machines.All(static each => each.IsReady), "all are ready");
        scenario.RunFor(1);
        int before = scenario.Watch!.Beliefs.Fencings;
        KillController(scenario);
        scenario.RunFor(LessThanASession);
        List<SimMachine> alive = [.. scenario.Cluster.Machines.Where(static each => each.IsUp)];
        Expect.True(scenario.Watch.Beliefs.Fencings > before, "the killed one is fenced");
        Expect.True(alive.All(each => alive.All(other => !other.Node!.Image.Brokers[each.Node!.Id].Fenced)), "nobody else is");
    }

    public static void Producer_ids_are_handed_out_once_across_controllers_and_brokers()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        ProduceBySome(scenario);
        SimMachine killed = KillController(scenario);
        ProduceBySome(scenario);
        killed.Start();
        scenario.Reach(() => killed.IsReady, "the killed one is back");
        ProduceBySome(scenario);

        // An id for each producer, a block or more, a registration for each start, and the topic.
        Expect.True(scenario.Watch!.HandedOut.Count >= (3 * Producers) + 1 + scenario.Cluster.Machines.Count + 2);
    }

    public static void Short_and_long_changes_of_configuration_come_to_the_same_on_every_node_across_controllers()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick(("metadata.log.max.record.bytes.between.snapshots", "1000")));
        scenario.Tell(scenario.CreateTopicAsync);
        ConfigProgram configs = new(scenario.Cluster, new SimRandom(3));
        scenario.RunFor(20);
        SimMachine killed = KillController(scenario);
        scenario.RunFor(10);
        killed.Start();
        scenario.RunFor(10);
        configs.Stop();
        scenario.RunFor(5);
        Expect.True(configs.Confirmed > 10, $"more than ten changes are confirmed, not {configs.Confirmed}");
        foreach (SimMachine machine in scenario.Cluster.Machines)
        {
            configs.Check(machine);
        }

        Expect.True(scenario.Cluster.Scheduler.Failure is null, scenario.Cluster.Scheduler.Failure ?? "");
    }

    private static void ProduceBySome(ScenarioCluster scenario)
    {
        for (int i = 0; i < Producers; i++)
        {
            (Incarnation program, KafkaCluster client) = scenario.Cluster.NewClient();
            scenario.Tell(program, () => ScenarioCluster.ProduceAsync(client.CreateProducer(new Client.Produce.ProducerOptions()), $"{i}"));
        }
    }

    private static SimMachine KillController(ScenarioCluster scenario)
    {
        NodeId leader = scenario.Cluster.Machines.First(static each => each.IsUp && each.Node!.QuorumLeader.IsNode).Node!.QuorumLeader;
        SimMachine killed = scenario.Cluster.Machine(leader.Value);
        killed.Kill();
        scenario.Reach(
            () => scenario.Cluster.Machines.Any(each => each.IsUp && each.Node!.QuorumLeader is { IsNode: true } other && other != leader),
            "another leads the quorum"
        );
        return killed;
    }
}
