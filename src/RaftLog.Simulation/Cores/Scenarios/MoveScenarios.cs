using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Stories of replicas that are moved between the log directories of their nodes.</summary>
internal static class MoveScenarios
{
    private const string FutureSuffix = "-future";
    private static readonly TopicPartition Orders = new(ScenarioCluster.Topic, 0);

    public static void A_move_between_log_directories_goes_on_after_a_loss_of_power_and_loses_nothing()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick() with { MovesReplicas = true });
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync();
            await scenario.ProduceAsync("first");
        });
        scenario.Settle(batches: 1);
        SimMachine machine = scenario.Leader;
        string to = OtherThan(machine.PathOf(Orders));

        // The copy is there and cannot become durable: so the move is under way when the power goes.
        machine.Volume.Slowness = 1_000;
        scenario.Tell(() => MoveAsync(scenario, machine, to));
        Expect.True(Futures(machine, to) == 1, "the copy has begun");
        machine.LosePower();
        machine.Volume.EndSlowness();
        scenario.Tell(() => scenario.ProduceAsync("second"));
        Expect.True(machine.PathOf(Orders) != $"{to}/{Orders}", "it is not moved yet");
        machine.Start();
        scenario.Reach(() => machine.PathOf(Orders) == $"{to}/{Orders}", $"the replica lies in {to}");
        scenario.Settle(batches: 2);
        scenario.ExpectEqualReplicas();
        Expect.Equal(0, Futures(machine, to));
    }

    public static void A_replica_that_moves_while_it_leads_counts_nothing_that_one_of_its_directories_has_not_flushed()
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick() with
            {
                MovesReplicas = true,
                Nodes = 1,
                Properties = [new("min.insync.replicas", "1")],
            }
        );
        scenario.Tell(async () =>
        {
            await scenario.CreateTopicAsync(ScenarioCluster.Topic, replicas: 1);
            await scenario.ProduceAsync("first");
        });
        SimMachine machine = scenario.Leader;
        for (int i = 0; i < 4; i++)
        {
            string to = OtherThan(machine.PathOf(Orders));
            scenario.Tell(() => MoveAsync(scenario, machine, to));
            Task produced = ScenarioCluster.Begin(
                scenario.Program,
                async () =>
                {
                    for (int record = 0; record < 20; record++)
                    {
                        await scenario.ProduceAsync($"{record}");
                    }
                }
            );
            scenario.Reach(() => produced.IsCompleted && machine.PathOf(Orders) == $"{to}/{Orders}", $"the replica lies in {to}");
            machine.LosePower();
            machine.Start();
            scenario.Reach(() => machine.IsReady, "the node is ready");
            Expect.Equal(1 + (20 * (i + 1)), ScenarioCluster.LogOf(machine).Batches.Count);
        }
    }

    private static async Task MoveAsync(ScenarioCluster scenario, SimMachine machine, string to)
    {
        IReadOnlyList<ItemResult<TopicPartition>> results = await scenario.Client.Admin.LogDirs.MoveAsync(machine.Node!.Id, to, [Orders]);
        Expect.Equal(ErrorCode.None, results[0].Error);
    }

    private static string OtherThan(string path) =>
        SimCluster.BothLogDirectories.Single(each => !path.StartsWith($"{each}/", StringComparison.Ordinal));

    private static int Futures(SimMachine machine, string directory) =>
        machine.Volume.Names<SimDirectory>(directory).Count(static name => name.EndsWith(FutureSuffix, StringComparison.Ordinal));
}
