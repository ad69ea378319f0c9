using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Raft.Tests;

/// <summary>Scenarios of whole quorums, each under many seeds.</summary>
[Trait("Category", "Slow")]
public sealed class QuorumScenarioTests
{
    private static readonly QuorumFaults Calm = new()
    {
        Voters = 3,
        Observers = 1,
        Link = new LinkFaults(Loss: 0, Duplicates: 0, MaxDelayMs: 3, Late: 0, LatestMs: 1),
        MaxDiskDelayMs = 3,
    };

    [Fact]
    public void A_new_quorum_elects_a_leader_well_within_an_election_timeout() =>
        ForSeeds(
            Calm,
            cluster => cluster.Check(cluster.Elections >= 1 && cluster.NowMs < 900, $"the first leader took {cluster.NowMs} ms")
        );

    [Fact]
    public void A_killed_leader_is_replaced_by_evidence_and_not_by_a_timeout()
    {
        List<long> times = [];
        ForSeeds(
            Calm,
            cluster =>
            {
                cluster.RunFor(500);
                long killed = cluster.NowMs;
                cluster.Kill(LeaderOf(cluster));
                cluster.Check(cluster.RunUntil(() => cluster.Leader is not null, 1500), "nobody leads");
                times.Add(cluster.NowMs - killed);
            }
        );
        times.Sort();
        Assert.True(times[times.Count / 2] <= 100 && times[^1] <= 1000, $"median {times[times.Count / 2]} ms, longest {times[^1]} ms");
    }

    [Fact]
    public void A_leader_that_resigns_is_followed_by_one_of_its_successors_at_once() =>
        ForSeeds(
            Calm,
            cluster =>
            {
                long resigned = cluster.NowMs;
                QuorumReplica old = cluster.Leader!;
                old.Input((core, now) => core.Resign(now));
                cluster.Check(cluster.RunUntil(() => cluster.Leader is { } leader && leader != old, 1500), "nobody follows");
                cluster.Check(cluster.NowMs - resigned < 1500, $"it took {cluster.NowMs - resigned} ms");
            }
        );

    [Fact]
    public void A_leader_that_was_stopped_commits_nothing_when_it_goes_on() =>
        ForSeeds(
            Calm,
            cluster =>
            {
                QuorumReplica old = cluster.Leader!;
                old.Propose();
                old.Pause();
                cluster.Check(cluster.RunUntil(() => cluster.Leader is { } leader && leader != old, 8_000), "nobody else leads");
                cluster.Leader!.Propose();
                cluster.RunFor(500);
                old.Resume();
                old.Propose();
                cluster.RunFor(5_000);
                cluster.Check(
                    old.Leads is null && cluster.Nodes.All(node => node.Core!.HighWatermark.Value == cluster.Committed),
                    "the logs differ"
                );
            }
        );

    [Fact]
    public void A_short_stop_of_the_leader_causes_no_election() =>
        ForSeeds(
            Calm,
            cluster =>
            {
                QuorumReplica leader = cluster.Leader!;
                for (int stop = 0; stop < 5; stop++)
                {
                    leader.Pause();
                    cluster.RunFor(900);
                    leader.Resume();
                    cluster.RunFor(900);
                }

                cluster.Check(cluster.Elections == 1 && cluster.Leader == leader, "the leader changed");
            }
        );

    [Fact]
    public void A_quorum_whose_nodes_were_all_killed_goes_on_in_a_new_epoch() =>
        ForSeeds(
            Calm,
            cluster =>
            {
                int committed = cluster.Committed;
                LeaderEpoch epoch = cluster.Leader!.Leads!.Value;
                for (int id = 1; id <= 4; id++)
                {
                    cluster.Kill(id);
                }

                cluster.StartAll();
                cluster.Check(cluster.RunUntil(() => cluster.Leader is not null, 3_000), "nobody leads");
                cluster.Check(cluster.Leader!.Leads > epoch && cluster.Committed >= committed, "the old epoch goes on");
                cluster.RunFor(1_000);
                cluster.Check(cluster.Committed > committed, "nothing is committed");
            }
        );

    [Fact]
    public void An_observer_follows_through_a_change_of_leader() =>
        ForSeeds(
            Calm,
            cluster =>
            {
                cluster.Kill(LeaderOf(cluster));
                cluster.Check(cluster.RunUntil(() => cluster.Leader is not null, 3_000), "nobody leads");
                cluster.Leader!.Propose();
                cluster.RunFor(4_000);
                cluster.Check(cluster.Node(4).Core!.HighWatermark.Value == cluster.Committed, "the observer lacks records");
                cluster.Check(cluster.Leader.Core!.DescribeQuorum(cluster.NowMs).Observers.Count == 1, "the observer is not listed");
            }
        );

    private static int LeaderOf(QuorumWorld cluster) => cluster.Leader!.Id.Value;

    private static void ForSeeds(QuorumFaults faults, Action<QuorumWorld> play)
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            var cluster = new QuorumWorld(seed, faults);
            cluster.StartAll();
            cluster.Check(cluster.RunUntil(() => cluster.Leader is not null, 3_000), "nobody leads at first");
            play(cluster);
        }
    }
}
