using RaftLog.Protocol;
using static RaftLog.Raft.Tests.CoreRig;

namespace RaftLog.Raft.Tests;

public sealed class LeadingTests
{
    [Fact]
    public void Figure_8_a_record_of_an_older_epoch_is_not_committed_by_counting_replicas()
    {
        // Records of epoch 2 at offsets 5..6; now this node leads epoch 4 and a majority has the old ones but not the new.
        CoreRig rig = CoreRig.Leader(epoch: 4, log: CoreRig.Log(7, (1, 0), (2, 5)));
        rig.Fetch(FetchOf(2, 4, At(2, 7)));
        rig.Fetch(FetchOf(3, 4, At(2, 7)));
        Assert.Equal(0, rig.Core.HighWatermark.Value);
        rig.Fetch(FetchOf(2, 4, At(4, 8)));
        Assert.Equal(8, rig.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_leader_counts_itself_by_what_is_on_its_disk()
    {
        CoreRig rig = CoreRig.Leader(voters: 3);
        rig.Fetch(FetchOf(2, 1, At(1, 1)));
        Assert.Equal(1, rig.Core.HighWatermark.Value);
        rig.HoldsFlush = true;
        rig.Append(3);
        rig.Fetch(FetchOf(2, 1, At(1, 4)));
        Assert.Equal(1, rig.Core.HighWatermark.Value);
        rig.Do(core => core.LogFlushed(rig.Now, new Offset(3)));
        Assert.Equal(3, rig.Core.HighWatermark.Value);
        rig.Fetch(FetchOf(3, 1, At(1, 4)));
        Assert.Equal(4, rig.Core.HighWatermark.Value);
    }

    [Fact]
    public void Nothing_is_appended_or_served_before_the_leadership_is_on_disk()
    {
        var rig = new CoreRig(stored: Stored(1, voted: 1)) { HoldsState = true };
        rig.WinVotes();
        Assert.IsType<LeaderRole>(rig.Core.Role);
        Assert.Equal(ErrorCode.NotController, rig.Core.PrepareAppend().Error);
        Assert.Equal(FetchDecisionKind.Wait, rig.Fetch(FetchOf(2, 1, At(0, 0))).Kind);
        Assert.Equal(NodeId.None, rig.Fetch(FetchOf(2, 1, At(0, 0))).Leader.Leader);
        Assert.Empty(rig.TakeRequests<RaftBeginEpochRequest>());
        rig.ReleaseState();
        Assert.Equal(2, rig.TakeRequests<RaftBeginEpochRequest>().Count);
        Assert.Equal(new Offset(1), rig.Core.PrepareAppend().BaseOffset);
        Assert.Equal(FetchDecisionKind.Records, rig.Fetch(FetchOf(2, 1, At(0, 0))).Kind);
    }

    [Fact]
    public void A_leader_that_no_majority_fetches_from_resigns_after_one_and_a_half_fetch_timeouts()
    {
        CoreRig rig = CoreRig.Leader(voters: 5);
        for (int second = 0; second < 10; second++)
        {
            rig.Wait(1000);
            rig.Fetch(FetchOf(2, 1, At(1, 1)));
            rig.Fetch(FetchOf(3, 1, At(1, 1)));
        }

        Assert.IsType<LeaderRole>(rig.Core.Role);
        rig.Wait(2999);
        Assert.IsType<LeaderRole>(rig.Core.Role);
        rig.Wait(1);
        Assert.IsType<ResignedRole>(rig.Core.Role);
        Assert.Equal(new LeaderEpoch(1), rig.Take<RaftEffect.LeadershipLost>().Epoch);
    }

    [Fact]
    public void Observers_and_one_voter_of_five_do_not_keep_a_leader()
    {
        CoreRig rig = CoreRig.Leader(voters: 5);
        for (int second = 0; second < 3; second++)
        {
            rig.Wait(1000);
            rig.Fetch(FetchOf(2, 1, At(1, 1)));
            rig.Fetch(FetchOf(8, 1, At(1, 1)));
        }

        Assert.IsType<ResignedRole>(rig.Core.Role);
    }

    [Fact]
    public void A_sole_voter_never_resigns_for_want_of_others()
    {
        CoreRig rig = new(voters: 1);
        rig.Wait(100_000);
        Assert.IsType<LeaderRole>(rig.Core.Role);
    }

    [Fact]
    public void A_leader_that_was_stopped_finds_out_before_it_answers()
    {
        CoreRig rig = CoreRig.Leader();
        FetchDecision response = rig.Core.HandleFetch(rig.Now + 60_000, FetchOf(2, 1, At(1, 1)));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, response.Error);
        Assert.Equal(ErrorCode.NotController, rig.Core.PrepareAppend().Error);
    }

    [Fact]
    public void A_leader_makes_itself_known_to_voters_that_do_not_fetch()
    {
        CoreRig rig = CoreRig.Leader();
        Assert.Equal([2, 3], rig.TakeRequests<RaftBeginEpochRequest>().Select(begin => begin.To.Value));
        rig.Wait(500);
        rig.Fetch(FetchOf(2, 1, At(1, 1)));
        rig.Wait(500);
        Assert.Equal(3, rig.TakeRequest<RaftBeginEpochRequest>().To.Value);
        rig.Wait(500);
        Assert.Equal(2, rig.TakeRequest<RaftBeginEpochRequest>().To.Value);
    }

    [Fact]
    public void A_leader_steps_down_when_a_voter_is_in_a_higher_epoch()
    {
        CoreRig rig = CoreRig.Leader();
        RaftEffect.SendRequest begin = rig.TakeRequests<RaftBeginEpochRequest>()[0];
        rig.Reply(begin, new RaftEpochReply(ErrorCode.FencedLeaderEpoch, Leads(-1, 7)));
        Assert.IsType<UnattachedRole>(rig.Core.Role);
        Assert.Equal(7, rig.Core.Role.Epoch.Value);
        Assert.True(rig.Has<RaftEffect.LeadershipLost>());
    }

    [Fact]
    public void A_fetch_is_answered_by_how_the_logs_compare()
    {
        // Epoch 1 at 0..4, 3 at 5..9, this leader's 6 from 10.
        CoreRig rig = CoreRig.Leader(epoch: 6, log: CoreRig.Log(10, (1, 0), (3, 5)));
        Assert.Equal(FetchDecisionKind.Records, Ask(At(3, 10)).Kind);
        Assert.Equal(FetchDecisionKind.Records, Ask(At(1, 5)).Kind);
        Assert.Equal(FetchDecisionKind.Records, Ask(At(0, 0)).Kind);
        Assert.Equal(At(3, 10), Ask(At(3, 12)).Diverging);
        Assert.Equal(At(1, 5), Ask(At(2, 4)).Diverging);
        Assert.Equal(At(3, 10), Ask(At(5, 11)).Diverging);
        Assert.Equal(ErrorCode.InvalidRequest, Ask(At(7, 1)).Error);
        Assert.Equal(ErrorCode.InvalidRequest, Ask(At(3, -1)).Error);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, rig.Fetch(FetchOf(2, 5, At(3, 10))).Error);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, rig.Fetch(FetchOf(2, 7, At(3, 10))).Error);

        FetchDecision Ask(LogPosition position) => rig.Fetch(FetchOf(2, 6, position));
    }

    [Fact]
    public void A_log_that_diverges_does_not_count_for_the_high_watermark()
    {
        CoreRig rig = CoreRig.Leader(epoch: 6, log: CoreRig.Log(10, (1, 0), (3, 5)));
        Assert.Equal(FetchDecisionKind.Diverging, rig.Fetch(FetchOf(2, 6, At(5, 50))).Kind);
        Assert.Equal(0, rig.Core.HighWatermark.Value);
    }

    [Fact]
    public void Records_behind_the_start_of_the_log_are_answered_with_the_newest_snapshot()
    {
        var start = new SnapshotId(new Offset(6), new LeaderEpoch(3));
        var latest = new SnapshotId(new Offset(8), new LeaderEpoch(3));
        var log = new RecoveredLog(start, new Offset(10), [new EpochStart(new LeaderEpoch(3), new Offset(6))], latest);
        CoreRig rig = CoreRig.Leader(epoch: 6, log: log);
        Assert.All(
            [At(0, 0), At(1, 3), At(2, 6), At(1, 20)],
            position =>
            {
                FetchDecision response = rig.Fetch(FetchOf(2, 6, position));
                Assert.Equal(FetchDecisionKind.Snapshot, response.Kind);
                Assert.Equal(latest, response.Snapshot);
            }
        );
        Assert.Equal(FetchDecisionKind.Records, rig.Fetch(FetchOf(2, 6, At(3, 6))).Kind);
        Assert.Equal(FetchDecisionKind.Records, rig.Fetch(FetchOf(2, 6, At(3, 9))).Kind);
    }

    [Fact]
    public void A_fetch_waits_until_there_are_records_or_a_new_high_watermark_to_tell()
    {
        CoreRig rig = CoreRig.Leader();
        RaftFetchRequest fetch = FetchOf(2, 1, At(1, 1));
        FetchDecision first = rig.Fetch(fetch);
        Assert.Equal(FetchDecisionKind.Records, first.Kind);
        Assert.Equal(1, first.HighWatermark.Value);
        Assert.Equal(FetchDecisionKind.Wait, rig.Fetch(fetch).Kind);
        Assert.Equal(FetchDecisionKind.Records, rig.Core.AskAgain(fetch, isOver: true).Kind);
        Assert.Equal(FetchDecisionKind.Records, rig.Fetch(FetchOf(3, 1, At(1, 1), knownHighWatermark: 0)).Kind);
        Assert.Equal(FetchDecisionKind.Wait, rig.Fetch(FetchOf(3, 1, At(1, 1), knownHighWatermark: 1)).Kind);
        rig.Append(1);
        rig.Take<RaftEffect.WakeFetches>();
        Assert.Equal(FetchDecisionKind.Records, rig.Core.AskAgain(fetch, isOver: false).Kind);
    }

    [Fact]
    public void A_fetch_waits_though_its_sender_knows_a_higher_high_watermark_than_a_leader_that_has_just_won()
    {
        CoreRig rig = CoreRig.Leader(voters: 5, log: CoreRig.Log(72, (0, 0)));
        Assert.Equal(FetchDecisionKind.Wait, rig.Fetch(FetchOf(2, 1, At(1, 73), knownHighWatermark: 58)).Kind);
        Assert.Equal(0, rig.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_fetch_that_waits_does_not_count_as_a_sign_of_life_when_it_is_asked_again()
    {
        CoreRig rig = CoreRig.Leader();
        RaftFetchRequest fetch = FetchOf(2, 1, At(1, 1));
        rig.Fetch(fetch);
        rig.Wait(2000);
        rig.Core.AskAgain(fetch, isOver: false);
        rig.Wait(1000);
        Assert.IsType<ResignedRole>(rig.Core.Role);
    }

    [Fact]
    public void A_voter_that_comes_with_another_directory_is_served_but_not_counted()
    {
        CoreRig rig = CoreRig.Leader();
        rig.Append(4);
        rig.Fetch(FetchOf(2, 1, At(1, 1)));
        Assert.Equal(1, rig.Core.HighWatermark.Value);
        var wiped = new ReplicaKey(new NodeId(2), new Uuid(9, 222));
        FetchDecision response = rig.Fetch(new RaftFetchRequest(wiped, new LeaderEpoch(1), At(1, 5), Offset.None));
        Assert.Equal(FetchDecisionKind.Records, response.Kind);
        Assert.Equal(1, rig.Core.HighWatermark.Value);
    }

    [Fact]
    public void Observers_are_listed_until_they_are_silent_for_five_minutes_and_only_as_many_as_there_is_room_for()
    {
        CoreRig rig = CoreRig.Leader(voters: 1, configure: config => config with { MaxObservers = 2 });
        rig.Fetch(FetchOf(7, 2, At(0, 0)));
        rig.Fetch(FetchOf(8, 2, At(2, 1)));
        Assert.Equal(FetchDecisionKind.Records, rig.Fetch(FetchOf(9, 2, At(0, 0))).Kind);
        IReadOnlyList<ReplicaDescription> observers = rig.Core.DescribeQuorum(rig.Now).Observers;
        Assert.Equal([7, 8], observers.Select(observer => observer.Replica.Id.Value));
        Assert.Equal(new ReplicaDescription(Key(8), new Offset(1), rig.Now, rig.Now), observers[1]);
        Assert.Equal(-1, observers[0].LastCaughtUpMs);
        rig.Wait(200_000);
        rig.Fetch(FetchOf(7, 2, At(2, 1)));
        rig.Wait(100_000);
        Assert.Equal([7], rig.Core.DescribeQuorum(rig.Now).Observers.Select(observer => observer.Replica.Id.Value));
    }

    [Fact]
    public void The_description_of_the_quorum_tells_what_each_voter_has()
    {
        CoreRig rig = CoreRig.Leader();
        rig.Append(4);
        rig.Fetch(FetchOf(2, 1, At(1, 3)));
        QuorumStatus quorum = rig.Core.DescribeQuorum(rig.Now + 5);
        Assert.Equal(Leads(1, 1), quorum.Leader);
        Assert.Equal([5, 3, -1], quorum.Voters.Select(voter => voter.LogEnd.Value));
        Assert.Equal([rig.Now + 5, rig.Now, -1], quorum.Voters.Select(voter => voter.LastFetchMs));
    }

    [Fact]
    public void A_leader_that_resigns_names_its_successors_by_what_they_have()
    {
        CoreRig rig = CoreRig.Leader(voters: 4);
        rig.Append(4);
        rig.Fetch(FetchOf(3, 1, At(1, 5)));
        rig.Fetch(FetchOf(2, 1, At(1, 3)));
        rig.Do(core => core.Resign(rig.Now));
        List<RaftEffect.SendRequest> ends = rig.TakeRequests<RaftEndEpochRequest>();
        Assert.Equal([2, 3, 4], ends.Select(end => end.To.Value));
        Assert.Equal([3, 2, 4], Assert.IsType<RaftEndEpochRequest>(ends[0].Request).PreferredSuccessors.Select(id => id.Value));
        Assert.Equal(ErrorCode.NotController, rig.Core.PrepareAppend().Error);
        rig.Reply(ends[0], new RaftEpochReply(ErrorCode.None, Leads(-1, 1)));
        rig.Do(core => core.RequestFailed(rig.Now, ends[1].RequestId));
        rig.Wait(20);
        Assert.Equal(3, rig.TakeRequest<RaftEndEpochRequest>().To.Value);
    }

    [Fact]
    public void A_grant_to_append_outlives_a_deadline_that_passes_meanwhile()
    {
        CoreRig rig = CoreRig.Leader();
        AppendGrant grant = rig.Core.PrepareAppend();
        rig.Core.LogAppended(rig.Now + 60_000, grant.BaseOffset + 1, grant.Epoch);
        Assert.IsType<ResignedRole>(rig.Core.Role);
        Assert.Equal(grant.BaseOffset + 1, rig.Core.LogEnd);
    }

    [Fact]
    public void An_append_that_was_not_granted_stops_the_node()
    {
        CoreRig rig = CoreRig.Follower();
        Assert.Equal("R-07", Assert.Throws<InvariantException>(() => rig.Core.LogAppended(rig.Now, new Offset(1), new LeaderEpoch(1))).Id);
    }
}
