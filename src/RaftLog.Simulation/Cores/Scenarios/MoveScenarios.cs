using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>Stories of replicas that are moved between the log directories of their nodes.</summary>
internal static class MoveScenarios
{
    private const string FutureSuffix = "-future";
    private static readonly TopicPartition Orders = new(NodeStage.Topic, 0);

    public static void A_move_between_log_directories_goes_on_after_a_loss_of_power_and_loses_nothing()
    {
        NodeStage stage = new(NodeStage.Quick() with { MovesReplicas = true });
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync();
            await stage.ProduceAsync("first");
        });
        stage.Settle(batches: 1);
        SimMachine machine = stage.Leader;
        string to = OtherThan(machine.PathOf(Orders));

        // The copy is there and cannot become durable: so the move is under way when the power goes.
        machine.Volume.Slowness = 1_000;
        stage.Tell(() => MoveAsync(stage, machine, to));
        Expect.True(Futures(machine, to) == 1, "the copy has begun");
        machine.LosePower();
        machine.Volume.EndSlowness();
        stage.Tell(() => stage.ProduceAsync("second"));
        Expect.True(machine.PathOf(Orders) != $"{to}/{Orders}", "it is not moved yet");
        machine.Start();
        stage.Reach(() => machine.PathOf(Orders) == $"{to}/{Orders}", $"the replica lies in {to}");
        stage.Settle(batches: 2);
        stage.ExpectEqualReplicas();
        Expect.Equal(0, Futures(machine, to));
    }

    public static void A_replica_that_moves_while_it_leads_counts_nothing_that_one_of_its_directories_has_not_flushed()
    {
        NodeStage stage = new(NodeStage.Quick() with { MovesReplicas = true, Nodes = 1, Properties = [new("min.insync.replicas", "1")] });
        stage.Tell(async () =>
        {
            await stage.CreateTopicAsync(NodeStage.Topic, replicas: 1);
            await stage.ProduceAsync("first");
        });
        SimMachine machine = stage.Leader;
        for (int i = 0; i < 4; i++)
        {
            string to = OtherThan(machine.PathOf(Orders));
            stage.Tell(() => MoveAsync(stage, machine, to));
            Task produced = NodeStage.Begin(
                stage.Program,
                async () =>
                {
                    for (int record = 0; record < 20; record++)
                    {
                        await stage.ProduceAsync($"{record}");
                    }
                }
            );
            stage.Reach(() => produced.IsCompleted && machine.PathOf(Orders) == $"{to}/{Orders}", $"the replica lies in {to}");
            machine.LosePower();
            machine.Start();
            stage.Reach(() => machine.IsReady, "the node is ready");
            Expect.Equal(1 + (20 * (i + 1)), NodeStage.LogOf(machine).Batches.Count);
        }
    }

    private static async Task MoveAsync(NodeStage stage, SimMachine machine, string to)
    {
        IReadOnlyList<ItemResult<TopicPartition>> results = await stage.Client.Admin.LogDirs.MoveAsync(machine.Node!.Id, to, [Orders]);
        Expect.Equal(ErrorCode.None, results[0].Error);
    }

    private static string OtherThan(string path) =>
        SimCluster.BothLogDirectories.Single(each => !path.StartsWith($"{each}/", StringComparison.Ordinal));

    private static int Futures(SimMachine machine, string directory) =>
        machine.Volume.Names<SimDirectory>(directory).Count(static name => name.EndsWith(FutureSuffix, StringComparison.Ordinal));
}
