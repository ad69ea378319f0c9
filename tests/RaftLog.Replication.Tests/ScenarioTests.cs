using RaftLog.Protocol;
using RaftLog.Replication.Tests.Model;

namespace RaftLog.Replication.Tests;

/// <summary>Bugs that Kafka had, step by step: each ends with the assertion that failed there.</summary>
public sealed class ScenarioTests
{
    private const long Now = 10;

    [Fact]
    public void KIP_101_first_case_a_restarted_follower_keeps_what_it_did_not_yet_know_to_be_committed()
    {
        // B has the second record, flushed, and A has committed it; but B's own high watermark lags one fetch behind. B restarts. Cutting its
        // log to that high watermark and then losing A would lose an acknowledged record.
        var scene = new Scene(2);
        (ModelReplica a, ModelReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Append(Now, 1, 2);
        a.Flush(Now);
        FetchPosition first = b.NextFetch()!.Value;
        b.Take(Now, a.Serve(Now, b.Node, b.RegisteredAs, first, 100));
        b.Flush(Now);
        a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100);
        Assert.Equal(new Offset(2), a.Core.HighWatermark);
        Assert.Equal(new Offset(0), b.Core.HighWatermark);

        b.CheckpointHighWatermark();
        b.CrashAndRestart(0);
        scene.Register(1);
        scene.Decide(1, 1, 1);
        scene.Tell(Now, 1);

        Assert.True(b.Leads);
        Assert.Equal(2, b.Log.End);
        Assert.Equal(new Offset(2), b.Core.HighWatermark);
    }

    [Fact]
    public void KIP_101_second_case_equal_offsets_with_other_records_are_told_apart_by_epoch()
    {
        // Both lose power; A loses its unflushed second record. A leads first in the new epoch and writes another record at that offset.
        var scene = new Scene(2);
        (ModelReplica a, ModelReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        a.Append(Now, 1, 2);
        b.CatchUp(Now, a);
        Assert.Equal(2, b.Log.End);
        a.CrashAndRestart(0);
        b.CrashAndRestart(0);
        scene.Register(0);
        scene.Register(1);
        scene.Decide(0, 1, 0);
        scene.Tell(Now, 0);
        a.Append(Now, 2, 1);
        a.Flush(Now);

        scene.Tell(Now, 1);
        List<FollowerStepKind> steps = b.CatchUp(Now, a);

        Assert.Contains(FollowerStepKind.Truncate, steps);
        Assert.Equal(a.Log[1], b.Log[1]);
        Assert.Equal(2, b.Log.End);
    }

    [Fact]
    public void KIP_279_a_follower_with_an_epoch_that_the_leader_never_had_truncates_again()
    {
        // A leads epoch 1, B epoch 2, C copies B's, then A leads epoch 3 without ever having seen epoch 2.
        var scene = new Scene(3);
        (ModelReplica a, ModelReplica b, ModelReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Decide(0, 1, 0, 1, 2);
        scene.Tell(Now, 0, 1, 2);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        b.CatchUp(Now, a);
        c.CatchUp(Now, a);
        a.Append(Now, 1, 2);
        a.Append(Now, 1, 3);
        a.Flush(Now);
        scene.Decide(1, 2, 1, 2);
        scene.Tell(Now, 1, 2);
        b.Append(Now, 2, 1);
        b.Append(Now, 2, 2);
        b.Append(Now, 2, 3);
        b.Flush(Now);
        c.CatchUp(Now, b);
        Assert.Equal(4, c.Log.End);
        scene.Decide(0, 3, 0);
        scene.Tell(Now, 0, 2);
        a.Append(Now, 3, 1);
        a.Flush(Now);

        List<FollowerStepKind> steps = c.CatchUp(Now, a);

        Assert.Equal(FollowerStepKind.Truncate, steps[0]);
        Assert.Equal(a.Log.End, c.Log.End);
        Assert.Equal(a.Log.PrefixHash(a.Log.End), c.Log.PrefixHash(c.Log.End));
    }

    [Fact]
    public void KIP_320_a_zombie_leader_counts_no_follower_of_another_leadership()
    {
        // A is cut off as leader of epoch 0; B leads epoch 1, and C follows B. A fetch of C that reaches A must not move A's high watermark,
        // nor may a fetch of epoch 0 that is still under way reach B.
        var scene = new Scene(3);
        (ModelReplica a, ModelReplica b, ModelReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Tell(Now, 0, 1, 2);
        FetchPosition old = c.NextFetch()!.Value;
        scene.Decide(1, 1, 1, 2);
        scene.Tell(Now, 1, 2);

        Assert.Equal(ErrorCode.UnknownLeaderEpoch, a.Serve(Now, c.Node, c.RegisteredAs, c.NextFetch()!.Value, 100).Answer.Error);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, b.Serve(Now, c.Node, c.RegisteredAs, old, 100).Answer.Error);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        Assert.Equal(Offset.Zero, a.Core.HighWatermark);
    }

    [Fact]
    public void A_late_answer_that_reports_a_divergence_cuts_nothing()
    {
        // B asked A in epoch 1 and diverged; meanwhile it followed C in epoch 2 and holds committed records of it.
        var scene = new Scene(3);
        (ModelReplica a, ModelReplica b, ModelReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Tell(Now, 0, 1, 2);
        b.Log.Append(new Entry(0, 9, 9));
        b.Flush(Now);
        scene.Decide(0, 1, 0, 1, 2);
        scene.Tell(Now, 0, 1, 2);
        ModelAnswer late = a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100);
        Assert.NotNull(late.Answer.Diverging);
        scene.Decide(2, 2, 1, 2);
        scene.Tell(Now, 1, 2);
        c.Append(Now, 1, 1);
        c.Flush(Now);
        b.CatchUp(Now, c);

        Assert.Equal(FollowerStepKind.Drop, b.Take(Now, late));
        Assert.Equal(1, b.Log.End);
    }

    [Fact]
    public void KAFKA_7128_a_follower_that_has_only_reached_a_lagging_high_watermark_may_not_join()
    {
        // B leads after A and has a record of A's that was committed, but its high watermark does not know yet. C has reached that high watermark.
        var scene = new Scene(3);
        (ModelReplica a, ModelReplica b, ModelReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        b.CatchUp(Now, a);
        Assert.Equal(new Offset(1), a.Core.HighWatermark);
        b.CheckpointHighWatermark();
        b.CrashAndRestart(0);
        scene.Register(1);
        scene.Decide(1, 2, 0, 1);
        scene.Tell(Now, 1, 2);
        var proposals = new List<IsrProposal?>();
        b.OnEffects = effects => proposals.Add(effects.Proposal);
        ModelAnswer answer = b.Serve(Now, c.Node, c.RegisteredAs, c.NextFetch()!.Value, 100);
        Assert.All(proposals, Assert.Null);

        c.Take(Now, answer);
        c.Flush(Now);
        b.Serve(Now, c.Node, c.RegisteredAs, c.NextFetch()!.Value, 100);
        Assert.True(proposals[^1]!.InSync.SameAs(Scene.Set(0, 1, 2)));
    }

    [Fact]
    public void KAFKA_10527_a_restarted_leader_does_not_lead_its_old_epoch_again()
    {
        // A leads epoch 1; B has copied a record that A had not flushed. A loses it and is back before the session ends, with metadata that
        // still names it. If it led epoch 1 again, (epoch 1, offset 0) would be two records.
        var scene = new Scene(2);
        (ModelReplica a, ModelReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        PartitionState before = scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        b.CatchUp(Now, a);
        a.CrashAndRestart(0);

        a.Apply(Now, before);
        Assert.IsType<IdleRole>(a.Core.Role);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, a.Append(Now, 2, 1));

        scene.Register(0);
        a.Apply(Now, before);
        Assert.IsType<IdleRole>(a.Core.Role);

        scene.Decide(1, 2, 1);
        scene.Tell(Now, 0, 1);
        Assert.True(b.Leads);
        a.CatchUp(Now, b);
        Assert.Equal(b.Log[0], a.Log[0]);
    }

    [Fact]
    public void KAFKA_10527_a_log_that_has_heard_of_an_epoch_is_proof_against_leading_it_again()
    {
        // The second lock: even if metadata after the registration named the same epoch, the log shows that this epoch was led before.
        var scene = new Scene(2);
        ModelReplica a = scene.Nodes[0];
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        a.CrashAndRestart(0);
        scene.Register(0);
        scene.Restate();
        scene.Tell(Now, 0);

        Assert.IsType<IdleRole>(a.Core.Role);
    }

    [Fact]
    public void KIP_841_a_fenced_follower_is_not_proposed_though_it_fetches()
    {
        var scene = new Scene(2);
        (ModelReplica a, ModelReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Is(1, BrokerService.Fenced);
        scene.Decide(0, 1, 0);
        scene.Tell(Now, 0, 1);
        var proposals = new List<IsrProposal?>();
        a.OnEffects = effects => proposals.Add(effects.Proposal);
        b.CatchUp(Now, a);
        Assert.All(proposals, Assert.Null);

        scene.Is(1, BrokerService.ShuttingDown);
        scene.Restate();
        scene.Tell(Now, 0);
        b.CatchUp(Now, a);
        Assert.All(proposals, Assert.Null);

        scene.Is(1, BrokerService.Active);
        scene.Restate();
        scene.Tell(Now, 0);
        b.CatchUp(Now, a);
        Assert.Contains(proposals, proposal => proposal is not null);
    }

    [Fact]
    public void KIP_903_a_proposal_names_the_incarnation_that_fetched_so_that_a_restarted_one_is_refused()
    {
        // Without flushing, B's first incarnation has a record that the second has lost. The proposal is delayed across B's restart.
        var controller = new ModelController(2, 1, keepsEligible: false);
        (NodeId a, NodeId b) = (new NodeId(0), new NodeId(1));
        BrokerEpoch first = controller.Register(b);
        BrokerEpoch leaderEpoch = controller.Register(a);
        controller.Unfence(a);
        controller.Unfence(b);
        controller.Fence(b);
        controller.Unfence(b);
        var leader = new ModelReplica(0, new ReplicationTuning()) { RegisteredAs = leaderEpoch };
        IsrProposal? proposal = null;
        leader.OnEffects = effects => proposal = effects.Proposal ?? proposal;
        leader.Apply(Now, controller.Log[^1]);
        leader.Append(Now, 1, 1);
        leader.Flush(Now);
        var fetch = new FetchPosition(leader.Core.LeaderEpoch, new Offset(1), leader.Core.LeaderEpoch);
        leader.Serve(Now, b, first, fetch, 100);
        Assert.Equal(first, proposal!.BrokerEpochs[1]);

        controller.Register(b);
        controller.Unfence(b);
        IsrAnswer answer = controller.Alter(a, leaderEpoch, proposal);

        Assert.NotEqual(ErrorCode.None, answer.Error);
        Assert.False(controller.InSync.Contains(b));
    }

    [Fact]
    public void KIP_903_a_fetch_of_an_earlier_incarnation_does_not_count_once_a_later_one_has_fetched()
    {
        var scene = new Scene(2);
        (ModelReplica a, ModelReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        var claim = new FetchPosition(new LeaderEpoch(1), new Offset(1), new LeaderEpoch(1));
        FetchPosition now = b.NextFetch()!.Value;
        a.Serve(Now, b.Node, new BrokerEpoch(50), now, 100);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, a.Serve(Now, b.Node, new BrokerEpoch(49), claim, 100).Answer.Error);
        Assert.Equal(Offset.Zero, a.Core.HighWatermark);
    }

    [Fact]
    public void KIP_966_below_the_minimum_nothing_is_committed_and_the_last_replica_is_not_the_only_holder()
    {
        var scene = new Scene(3) { MinInSync = 2 };
        ModelReplica a = scene.Nodes[0];
        scene.Decide(0, 1, 0);
        scene.Tell(Now, 0);

        Assert.Equal(ErrorCode.NotEnoughReplicas, a.Core.MayAppend(RequiredAcks.All));
        Assert.Equal(ErrorCode.None, a.Core.MayAppend(RequiredAcks.Leader));
        a.Log.Append(new Entry(1, 1, 1));
        a.Flush(Now);
        Assert.Equal(Offset.Zero, a.Core.HighWatermark);
    }
}
