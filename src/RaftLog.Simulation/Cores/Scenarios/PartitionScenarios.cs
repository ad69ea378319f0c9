using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>The known history of partitions that replicate in this way, step by step: each ends with what went wrong there.</summary>
internal static class PartitionScenarios
{
    private const long Now = 10;

    public static void KIP_101_first_case_a_restarted_follower_keeps_what_it_did_not_yet_know_to_be_committed()
    {
        // B has the second record, flushed, and A has committed it; but B's own high watermark lags one fetch behind. B restarts. Cutting
        // its log to that high watermark and then losing A would lose an acknowledged record.
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Append(Now, 1, 2);
        a.Flush(Now);
        FetchPosition first = b.NextFetch()!.Value;
        b.Take(Now, a.Serve(Now, b.Node, b.RegisteredAs, first, 100));
        b.Flush(Now);
        a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100);
        Expect.Equal(new Offset(2), a.Core.HighWatermark);
        Expect.Equal(new Offset(0), b.Core.HighWatermark);

        b.CheckpointHighWatermark();
        b.CrashAndRestart(0);
        scene.Register(1);
        scene.Decide(1, 1, 1);
        scene.Tell(Now, 1);

        Expect.True(b.Leads);
        Expect.Equal(2, b.Log.End);
        Expect.Equal(new Offset(2), b.Core.HighWatermark);
    }

    public static void KIP_101_second_case_equal_offsets_with_other_records_are_told_apart_by_epoch()
    {
        // Both lose power; A loses its unflushed second record. A leads first in the new epoch and writes another record at that offset.
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        a.Append(Now, 1, 2);
        b.CatchUp(Now, a);
        Expect.Equal(2, b.Log.End);
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

        Expect.True(steps.Contains(FollowerStepKind.Truncate));
        Expect.Equal(a.Log[1], b.Log[1]);
        Expect.Equal(2, b.Log.End);
    }

    public static void KIP_279_a_follower_with_an_epoch_that_the_leader_never_had_truncates_again()
    {
        // A leads epoch 1, B epoch 2, C copies B's, then A leads epoch 3 without ever having seen epoch 2.
        var scene = new Scene(3);
        (DataReplica a, DataReplica b, DataReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
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
        Expect.Equal(4, c.Log.End);
        scene.Decide(0, 3, 0);
        scene.Tell(Now, 0, 2);
        a.Append(Now, 3, 1);
        a.Flush(Now);

        List<FollowerStepKind> steps = c.CatchUp(Now, a);

        Expect.Equal(FollowerStepKind.Truncate, steps[0]);
        Expect.Equal(a.Log.End, c.Log.End);
        Expect.Equal(a.Log.PrefixHash(a.Log.End), c.Log.PrefixHash(c.Log.End));
    }

    public static void KIP_320_a_zombie_leader_counts_no_follower_of_another_leadership()
    {
        // A is cut off as leader of epoch 0; B leads epoch 1, and C follows B. A fetch of C that reaches A must not move A's high
        // watermark, nor may a fetch of epoch 0 that is still under way reach B.
        var scene = new Scene(3);
        (DataReplica a, DataReplica b, DataReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Tell(Now, 0, 1, 2);
        FetchPosition old = c.NextFetch()!.Value;
        scene.Decide(1, 1, 1, 2);
        scene.Tell(Now, 1, 2);

        Expect.Equal(ErrorCode.UnknownLeaderEpoch, a.Serve(Now, c.Node, c.RegisteredAs, c.NextFetch()!.Value, 100).Response.Error);
        Expect.Equal(ErrorCode.FencedLeaderEpoch, b.Serve(Now, c.Node, c.RegisteredAs, old, 100).Response.Error);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        Expect.Equal(Offset.Zero, a.Core.HighWatermark);
    }

    public static void A_late_response_that_reports_a_divergence_truncates_nothing()
    {
        // B asked A in epoch 1 and diverged; meanwhile it followed C in epoch 2 and holds committed records of it.
        var scene = new Scene(3);
        (DataReplica a, DataReplica b, DataReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Tell(Now, 0, 1, 2);
        b.Log.Append(new DataEntry(0, 9, 9));
        b.Flush(Now);
        scene.Decide(0, 1, 0, 1, 2);
        scene.Tell(Now, 0, 1, 2);
        DataResponse late = a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100);
        Expect.True(late.Response.Diverging is not null);
        scene.Decide(2, 2, 1, 2);
        scene.Tell(Now, 1, 2);
        c.Append(Now, 1, 1);
        c.Flush(Now);
        b.CatchUp(Now, c);

        Expect.Equal(FollowerStepKind.Drop, b.Take(Now, late));
        Expect.Equal(1, b.Log.End);
    }

    public static void KAFKA_7128_a_follower_that_has_only_reached_a_lagging_high_watermark_may_not_join()
    {
        // B leads after A and has a record of A's that was committed, but its high watermark does not know yet. C has reached that high
        // watermark.
        var scene = new Scene(3);
        (DataReplica a, DataReplica b, DataReplica c) = (scene.Nodes[0], scene.Nodes[1], scene.Nodes[2]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        b.CatchUp(Now, a);
        Expect.Equal(new Offset(1), a.Core.HighWatermark);
        b.CheckpointHighWatermark();
        b.CrashAndRestart(0);
        scene.Register(1);
        scene.Decide(1, 2, 0, 1);
        scene.Tell(Now, 1, 2);
        var proposals = new List<IsrProposal?>();
        b.OnEffects = effects => proposals.Add(effects.Proposal);
        DataResponse response = b.Serve(Now, c.Node, c.RegisteredAs, c.NextFetch()!.Value, 100);
        Expect.True(proposals.TrueForAll(static proposal => proposal is null));

        c.Take(Now, response);
        c.Flush(Now);
        b.Serve(Now, c.Node, c.RegisteredAs, c.NextFetch()!.Value, 100);
        Expect.True(proposals[^1]!.InSync.SameAs(Scene.Set(0, 1, 2)));
    }

    public static void KAFKA_10527_a_restarted_leader_does_not_lead_its_old_epoch_again()
    {
        // A leads epoch 1; B has copied a record that A had not flushed. A loses it and is back before the session ends, with metadata that
        // still names it. If it led epoch 1 again, (epoch 1, offset 0) would be two records.
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        PartitionState before = scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        b.CatchUp(Now, a);
        a.CrashAndRestart(0);

        a.Apply(Now, before);
        Expect.True(a.Core.Role is IdleRole);
        Expect.Equal(ErrorCode.NotLeaderOrFollower, a.Append(Now, 2, 1));

        scene.Register(0);
        a.Apply(Now, before);
        Expect.True(a.Core.Role is IdleRole);

        scene.Decide(1, 2, 1);
        scene.Tell(Now, 0, 1);
        Expect.True(b.Leads);
        a.CatchUp(Now, b);
        Expect.Equal(b.Log[0], a.Log[0]);
    }

    public static void KAFKA_10527_a_log_that_has_heard_of_an_epoch_is_proof_against_leading_it_again()
    {
        // The second lock: even if metadata after the registration named the same epoch, the log shows that this epoch was led before.
        var scene = new Scene(2);
        DataReplica a = scene.Nodes[0];
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        a.CrashAndRestart(0);
        scene.Register(0);
        scene.Restate();
        scene.Tell(Now, 0);

        Expect.True(a.Core.Role is IdleRole);
    }

    public static void KIP_841_a_fenced_follower_is_not_proposed_though_it_fetches()
    {
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Is(1, BrokerService.Fenced);
        scene.Decide(0, 1, 0);
        scene.Tell(Now, 0, 1);
        var proposals = new List<IsrProposal?>();
        a.OnEffects = effects => proposals.Add(effects.Proposal);
        b.CatchUp(Now, a);
        Expect.True(proposals.TrueForAll(static proposal => proposal is null));

        scene.Is(1, BrokerService.ShuttingDown);
        scene.Restate();
        scene.Tell(Now, 0);
        b.CatchUp(Now, a);
        Expect.True(proposals.TrueForAll(static proposal => proposal is null));

        scene.Is(1, BrokerService.Active);
        scene.Restate();
        scene.Tell(Now, 0);
        b.CatchUp(Now, a);
        Expect.True(proposals.Exists(static proposal => proposal is not null));
    }

    public static void KIP_903_a_proposal_names_the_incarnation_that_fetched_so_that_a_restarted_one_is_rejected()
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
        var leader = new DataReplica(0, new ReplicationTuning()) { RegisteredAs = leaderEpoch };
        IsrProposal? proposal = null;
        leader.OnEffects = effects => proposal = effects.Proposal ?? proposal;
        leader.Apply(Now, controller.Log[^1]);
        leader.Append(Now, 1, 1);
        leader.Flush(Now);
        var fetch = new FetchPosition(leader.Core.LeaderEpoch, new Offset(1), leader.Core.LeaderEpoch);
        leader.Serve(Now, b, first, fetch, 100);
        Expect.Equal(first, proposal!.BrokerEpochs[1]);

        controller.Register(b);
        controller.Unfence(b);
        IsrResponse response = controller.Alter(a, leaderEpoch, proposal);

        Expect.NotEqual(ErrorCode.None, response.Error);
        Expect.False(controller.InSync.Contains(b));
    }

    public static void KIP_903_a_fetch_of_an_earlier_incarnation_does_not_count_once_a_later_one_has_fetched()
    {
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        var claim = new FetchPosition(new LeaderEpoch(1), new Offset(1), new LeaderEpoch(1));
        FetchPosition now = b.NextFetch()!.Value;
        a.Serve(Now, b.Node, new BrokerEpoch(50), now, 100);

        Expect.Equal(ErrorCode.NotLeaderOrFollower, a.Serve(Now, b.Node, new BrokerEpoch(49), claim, 100).Response.Error);
        Expect.Equal(Offset.Zero, a.Core.HighWatermark);
    }

    public static void KIP_966_below_the_minimum_nothing_is_committed_and_the_last_replica_is_not_the_only_holder()
    {
        var scene = new Scene(3) { MinInSync = 2 };
        DataReplica a = scene.Nodes[0];
        scene.Decide(0, 1, 0);
        scene.Tell(Now, 0);

        Expect.Equal(ErrorCode.NotEnoughReplicas, a.Core.MayAppend(RequiredAcks.All));
        Expect.Equal(ErrorCode.None, a.Core.MayAppend(RequiredAcks.Leader));
        a.Log.Append(new DataEntry(1, 1, 1));
        a.Flush(Now);
        Expect.Equal(Offset.Zero, a.Core.HighWatermark);
    }

    public static void Truncation_to_the_high_watermark_loses_what_truncation_by_epoch_keeps()
    {
        // Two followers of one past: each has flushed two records that its leader committed, and knows the first to be committed. The
        // leader dies. One cuts its log as replicas did before KIP-101, to its high watermark, and leads: an acknowledged record is gone.
        // The other is the shipped one.
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        var old = new DataLog();
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Append(Now, 1, 2);
        a.Flush(Now);
        b.Take(Now, a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100));
        b.Flush(Now);
        a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100);
        Expect.Equal(new Offset(2), a.Core.HighWatermark);
        Offset knownToFollower = b.Core.HighWatermark;
        for (int offset = 0; offset < b.Log.End; offset++)
        {
            old.Append(b.Log[offset]);
        }

        old.Truncate((int)knownToFollower.Value);
        Expect.True(old.End < a.Core.HighWatermark.Value);

        b.CheckpointHighWatermark();
        b.CrashAndRestart(0);
        scene.Register(1);
        scene.Decide(1, 1, 1);
        scene.Tell(Now, 1);
        Expect.Equal(2, b.Log.End);
        Expect.Equal(a.Log.PrefixHash(2), b.Log.PrefixHash(2));
    }

    public static void A_record_that_is_sent_again_to_a_new_leader_waits_for_the_commit_of_its_first_copy()
    {
        // A wrote it, B copied it, nobody committed it. B leads, with C in sync, which does not have it.
        var scene = new Scene(3);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(0, 1, 0, 1, 2);
        scene.Tell(Now, 0, 1, 2);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        b.CatchUp(Now, a);
        scene.Decide(1, 2, 1, 2);
        scene.Tell(Now, 1, 2);
        Expect.Equal(0, b.Log.Find(1, 1));
        Expect.Equal(CommitVerdict.Waiting, b.Core.CheckCommitted(new Offset(1), new LeaderEpoch(2)));
    }

    public static void A_member_that_is_to_leave_counts_until_the_controller_has_committed_that()
    {
        // B falls behind, A proposes to go on alone. The controller may still elect B, so nothing is committed that B lacks.
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        b.CatchUp(Now, a);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        IsrProposal? proposal = null;
        a.OnEffects = effects => proposal = effects.Proposal ?? proposal;
        a.Tick(Now + 5_000);
        a.Tick(Now + 10_000);
        Expect.True(proposal!.InSync.SameAs(Scene.Set(0)));
        Expect.Equal(Offset.Zero, a.Core.HighWatermark);
        a.OnResponse(Now + 10_100, proposal, Scene.Granted(proposal));
        Expect.Equal(new Offset(1), a.Core.HighWatermark);
    }

    public static void A_follower_claims_nothing_that_it_has_not_flushed()
    {
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        b.Take(Now, a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100));
        Expect.True(b.NextFetch() is null);
        b.Flush(Now);
        Expect.Equal(new Offset(1), b.NextFetch()!.Value.FetchOffset);
    }

    public static void KAFKA_14704_the_high_watermark_of_a_diverging_response_does_not_count()
    {
        // B has two records of an epoch in which it led alone; A leads, has other records there, and has committed two.
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(1, 1, 1);
        scene.Tell(Now, 1);
        b.Log.Append(new DataEntry(1, 9, 1));
        b.Log.Append(new DataEntry(1, 9, 2));
        scene.Decide(0, 2, 0);
        scene.Tell(Now, 0);
        a.Append(Now, 1, 1);
        a.Append(Now, 1, 2);
        a.Flush(Now);
        scene.Tell(Now, 1);
        b.Flush(Now);
        DataResponse diverging = a.Serve(Now, b.Node, b.RegisteredAs, b.NextFetch()!.Value, 100);
        Expect.True(diverging.Response.Diverging is not null);
        Expect.Equal(new Offset(2), diverging.Response.HighWatermark);
        Expect.True(b.Core.OnFetchResponse(diverging.Response, b.Log).HighWatermark is null);
        Expect.Equal(Offset.Zero, b.Core.HighWatermark);
    }

    public static void A_new_leader_shows_nothing_that_its_followers_may_lack()
    {
        var scene = new Scene(2);
        (DataReplica a, DataReplica b) = (scene.Nodes[0], scene.Nodes[1]);
        scene.Decide(0, 1, 0, 1);
        scene.Tell(Now, 0, 1);
        a.Append(Now, 1, 1);
        a.Flush(Now);
        scene.Decide(0, 2, 0, 1);
        scene.Tell(Now, 0, 1);
        var read = new FetchPosition(new LeaderEpoch(2), Offset.Zero, LeaderEpoch.None);
        Expect.Equal(Offset.Zero, a.Core.ClientFetch(read, a.Log).Limit);
        b.CatchUp(Now, a);
        Expect.Equal(new Offset(1), a.Core.ClientFetch(read, a.Log).Limit);
    }
}
