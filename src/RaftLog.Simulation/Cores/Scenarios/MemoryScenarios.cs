namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of nodes whose memory for requests is used up.</summary>
internal static class MemoryScenarios
{
    private const int Budget = 512 << 10;
    private const int PartSenders = 12;
    private const double Work = 10;

    public static void Large_requests_use_up_their_memory_while_records_are_replicated_and_give_all_of_it_back()
    {
        ScenarioCluster scenario = new(
            ScenarioCluster.Quick(
                ("socket.request.max.bytes", $"{200 << 10}"),
                ("queued.max.request.bytes", $"{Budget}"),
                ("raftlog.connection.stall.timeout.ms", "2000")
            ) with
            {
                RequestBudget = Budget,
            }
        );
        scenario.Tell(scenario.CreateTopicAsync);
        scenario.Reach(() => scenario.Partition is { Isr.Count: 3 }, "all replicas are in sync");
        LargeRequests large = new(scenario.Cluster, ScenarioCluster.Topic, PartSenders, new SimRandom(1));
        int fencings = scenario.Watch!.Beliefs.Fencings;
        scenario.RunFor(Work);
        scenario.Tell(() => scenario.ProduceAsync("one"));
        scenario.RunFor(Work);
        Expect.True(scenario.Watch.Requests!.TurnedAway > 0, "large requests were turned away");
        Expect.True(large.Disconnected > 0, "who sent a part of a request and no more was disconnected");
        Expect.True(large.Responses > 0, "large requests had responses");
        Expect.Equal(fencings, scenario.Watch.Beliefs.Fencings, "nobody is fenced");
        Expect.Equal(3, scenario.Partition!.Isr.Count, "all replicas are in sync");
        large.Stop();
        scenario.Reach(large.AskAll(), "each node has room for a large request");
    }
}
