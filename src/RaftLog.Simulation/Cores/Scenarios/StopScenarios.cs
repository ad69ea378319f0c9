using RaftLog.Broker.Runtime;
using RaftLog.Platform.Waiting;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of what must not go on for ever: a disk that does not answer, a stop, a loop that is told of the past.</summary>
internal static class StopScenarios
{
    public static void A_disk_that_does_not_answer_is_told_of_and_a_stop_ends_all_the_same()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        SimMachine machine = scenario.Leader;
        machine.Volume.Hang();
        Task produced = ScenarioCluster.Begin(scenario.Program, () => scenario.ProduceAsync("one"));
        scenario.RunFor(15);
        Expect.True(
            machine.NodeLogText.Contains("has not ended a flush for 1", StringComparison.Ordinal),
            $"a line about the disk in: {machine.NodeLogText}"
        );
        bool hasStopped = false;
        machine.Stop(() => hasStopped = true);
        scenario.Reach(() => hasStopped, "the end of a stop");
        Expect.True(
            machine.NodeLogText.Contains("closing the log directories has not ended within", StringComparison.Ordinal),
            $"a line about the stop in: {machine.NodeLogText}"
        );
        scenario.Reach(() => produced.IsCompleted, "the record is acknowledged by others");
    }

    public static void A_vote_that_comes_while_a_node_stops_does_not_keep_it()
    {
        ScenarioCluster scenario = new(ScenarioCluster.Quick());
        scenario.Tell(scenario.CreateTopicAsync);
        SimMachine leader = scenario.Cluster.Machines.Single(each => each.Node!.QuorumLeader == each.Node.Id);
        SimMachine other = scenario.Cluster.Machines.First(each => each != leader);

        // The farewell waits for a voter that does not answer. The other one elects meanwhile, and asks for a vote that takes longer to
        // write than the stop.
        scenario.Cluster.Network.Cut(leader.Name, scenario.Cluster.Machines.Single(each => each != leader && each != other).Name);
        leader.Volume.Slowness = 2_000;
        bool hasStopped = false;
        leader.Stop(() => hasStopped = true);
        scenario.Reach(() => hasStopped, "the end of a stop");
        Expect.True(
            !leader.NodeLogText.Contains("waiting for what still runs has not ended", StringComparison.Ordinal),
            leader.NodeLogText
        );
    }

    public static void A_loop_that_is_told_of_a_time_that_has_passed_leaves_time_to_others() =>
        new ScenarioLog().Run(static async scenario =>
        {
            var waiters = new Waiters(scenario.Time);
            int told = 0;
            var loop = new EventLoop(waiters) { Warn = _ => told++ };
            long turns = 0;
            scenario.RunBeside(
                "loop",
                () =>
                    loop.RunAsync(() =>
                    {
                        turns++;
                        return loop.NowMs - 1;
                    })
            );
            await Task.Delay(TimeSpan.FromSeconds(1), scenario.Time);
            loop.Stop();
            Expect.Equal(1, told);
            Expect.True(turns is > 100 and < 1100, $"about a thousand turns in a second, not {turns}");
        });
}
