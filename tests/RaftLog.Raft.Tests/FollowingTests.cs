using RaftLog.Protocol;
using static RaftLog.Raft.Tests.CoreRig;

namespace RaftLog.Raft.Tests;

public sealed class FollowingTests
{
    [Fact]
    public void The_end_of_an_append_that_is_over_does_not_end_the_next_one()
    {
        CoreRig rig = CoreRig.Follower(epoch: 1);
        long first = BeginAppend(rig);
        rig.Appended(new Offset(1), new LeaderEpoch(1));
        rig.Do(core => core.FetchedAppended(rig.Now, first, anySound: true));
        long second = BeginAppend(rig);

        rig.Do(core => core.FetchedAppended(rig.Now, first, anySound: true));
        Assert.Empty(rig.TakeRequests<RaftFetchRequest>());

        rig.Appended(new Offset(2), new LeaderEpoch(1));
        rig.Do(core => core.FetchedAppended(rig.Now, second, anySound: true));
        Assert.Single(rig.TakeRequests<RaftFetchRequest>());

        static long BeginAppend(CoreRig rig)
        {
            rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(1) with { HasRecords = true });
            return rig.Take<RaftEffect.AppendFetched>().Token;
        }
    }

    [Fact]
    public void A_voter_fetches_again_only_when_what_it_has_is_on_disk()
    {
        CoreRig rig = CoreRig.Follower();
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.HoldsFlush = true;
        Receive(rig, fetch, end: 3);
        Assert.Empty(rig.TakeRequests<RaftFetchRequest>());
        rig.Do(core => core.LogFlushed(rig.Now, new Offset(2)));
        Assert.Empty(rig.TakeRequests<RaftFetchRequest>());
        rig.Do(core => core.LogFlushed(rig.Now, new Offset(3)));
        Assert.Equal(At(1, 3), Assert.IsType<RaftFetchRequest>(rig.TakeRequest<RaftFetchRequest>().Request).Position);
    }

    [Fact]
    public void An_observer_need_not_wait_for_its_disk()
    {
        CoreRig rig = CoreRig.Follower(self: 9);
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.HoldsFlush = true;
        Receive(rig, fetch, end: 3);
        Assert.Equal(At(1, 3), Assert.IsType<RaftFetchRequest>(rig.TakeRequest<RaftFetchRequest>().Request).Position);
    }

    [Fact]
    public void No_fetch_leaves_before_the_epoch_that_it_speaks_of_is_on_disk()
    {
        var rig = new CoreRig { HoldsState = true };
        rig.BeginEpoch(leader: 2, epoch: 3);
        Assert.Empty(rig.TakeRequests<RaftFetchRequest>());
        rig.ReleaseState();
        Assert.Equal(2, rig.TakeRequest<RaftFetchRequest>().To.Value);
    }

    [Fact]
    public void What_was_to_be_said_in_an_epoch_that_is_over_is_not_current()
    {
        CoreRig rig = CoreRig.Follower(epoch: 3);
        RaftRequest fetch = rig.TakeRequest<RaftFetchRequest>().Request;
        Assert.True(rig.Core.IsCurrent(fetch));
        rig.BeginEpoch(leader: 3, epoch: 4);
        Assert.False(rig.Core.IsCurrent(fetch));
        Assert.True(rig.Core.IsCurrent(rig.TakeRequest<RaftFetchRequest>().Request));
    }

    [Fact]
    public void A_diverging_log_is_truncated_where_both_may_agree_and_that_responses_high_watermark_is_ignored()
    {
        CoreRig rig = CoreRig.Follower(epoch: 6, log: CoreRig.Log(12, (1, 0), (3, 5), (5, 9)));
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.Reply(fetch, rig.Nothing(6, highWatermark: 11) with { Diverging = At(4, 8) });
        RaftEffect.TruncateLog truncate = rig.Take<RaftEffect.TruncateLog>();
        Assert.Equal(8, truncate.EndOffset.Value);
        Assert.Equal(0, rig.Core.HighWatermark.Value);
        Assert.Empty(rig.TakeRequests<RaftFetchRequest>());
        rig.Do(core => core.LogFlushed(rig.Now, new Offset(12)));
        Assert.Equal(8, rig.Core.FlushedEnd.Value);
        rig.Do(core => core.LogTruncated(rig.Now, truncate.Token, new Offset(8), new Offset(8)));
        Assert.Equal(At(3, 8), Assert.IsType<RaftFetchRequest>(rig.TakeRequest<RaftFetchRequest>().Request).Position);
    }

    [Fact]
    public void A_log_without_the_leaders_epoch_is_truncated_to_the_end_of_the_epoch_before()
    {
        CoreRig rig = CoreRig.Follower(epoch: 6, log: CoreRig.Log(12, (1, 0), (5, 7)));
        rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(6) with { Diverging = At(3, 10) });
        Assert.Equal(7, rig.Take<RaftEffect.TruncateLog>().EndOffset.Value);
    }

    [Fact]
    public void A_reply_that_comes_twice_or_late_changes_nothing()
    {
        CoreRig rig = CoreRig.Follower(epoch: 6, log: CoreRig.Log(12, (1, 0), (5, 7)));
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.Reply(fetch, rig.Nothing(6));
        rig.Reply(fetch, rig.Nothing(6) with { Diverging = At(3, 10) });
        Assert.False(rig.Has<RaftEffect.TruncateLog>());
    }

    [Fact]
    public void A_truncation_below_the_high_watermark_stops_the_node()
    {
        CoreRig rig = CoreRig.Follower(epoch: 6, log: CoreRig.Log(12, (1, 0), (5, 7)));
        rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(6, highWatermark: 9));
        Assert.Equal(9, rig.Core.HighWatermark.Value);
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        Assert.Equal("R-06", Assert.Throws<InvariantException>(() => rig.Reply(fetch, rig.Nothing(6) with { Diverging = At(3, 8) })).Id);
    }

    [Fact]
    public void The_high_watermark_of_a_follower_stops_at_the_end_of_its_log()
    {
        CoreRig rig = CoreRig.Follower();
        Receive(rig, rig.TakeRequest<RaftFetchRequest>(), end: 3, highWatermark: 100);
        Assert.Equal(3, rig.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_snapshot_comes_in_pieces_begins_anew_with_a_new_leader_and_replaces_the_log()
    {
        var snapshot = new SnapshotId(new Offset(50), new LeaderEpoch(4));
        CoreRig rig = CoreRig.Follower(epoch: 6, log: CoreRig.Log(12, (1, 0), (5, 7)));
        rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(6) with { Snapshot = snapshot });
        RaftEffect.SendRequest first = rig.TakeRequest<RaftFetchSnapshotRequest>();
        Assert.Equal(0, Assert.IsType<RaftFetchSnapshotRequest>(first.Request).Position);
        rig.Reply(first, Chunk(2, 6, position: 0, length: 60));
        Assert.Equal(0, rig.Take<RaftEffect.WriteSnapshotChunk>().Position);
        RaftEffect.SendRequest second = rig.TakeRequest<RaftFetchSnapshotRequest>();
        Assert.Equal(60, Assert.IsType<RaftFetchSnapshotRequest>(second.Request).Position);

        rig.BeginEpoch(leader: 3, epoch: 7);
        rig.Reply(second, Chunk(2, 6, position: 60, length: 40));
        Assert.False(rig.Has<RaftEffect.InstallSnapshot>());
        rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(7) with { Leader = Leads(3, 7), Snapshot = snapshot });
        rig.Reply(rig.TakeRequest<RaftFetchSnapshotRequest>(), Chunk(3, 7, position: 0, length: 60));
        Assert.Equal(0, rig.Take<RaftEffect.WriteSnapshotChunk>().Position);
        rig.Reply(rig.TakeRequest<RaftFetchSnapshotRequest>(), Chunk(3, 7, position: 60, length: 40));
        Assert.Equal(60, rig.Take<RaftEffect.WriteSnapshotChunk>().Position);
        RaftEffect.InstallSnapshot install = rig.Take<RaftEffect.InstallSnapshot>();
        Assert.Empty(rig.TakeRequests<RaftFetchRequest>());
        rig.Do(core => core.SnapshotInstalled(rig.Now, install.Token, snapshot));
        Assert.Equal(50, rig.Core.HighWatermark.Value);
        Assert.Equal(At(4, 50), Assert.IsType<RaftFetchRequest>(rig.TakeRequest<RaftFetchRequest>().Request).Position);

        RaftFetchSnapshotReply Chunk(int leader, int epoch, long position, int length) =>
            new(ErrorCode.None, Leads(leader, epoch), snapshot, Size: 100, position, length);
    }

    [Fact]
    public void A_piece_that_was_not_asked_for_is_not_written()
    {
        var snapshot = new SnapshotId(new Offset(50), new LeaderEpoch(4));
        (long Position, int Length, long Size)[] pieces = [(10, 10, 100), (0, 0, 100), (0, 101, 100), (0, 10, -1)];
        Assert.All(
            pieces,
            piece =>
            {
                CoreRig rig = CoreRig.Follower(epoch: 6);
                rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(6) with { Snapshot = snapshot });
                rig.Reply(
                    rig.TakeRequest<RaftFetchSnapshotRequest>(),
                    new RaftFetchSnapshotReply(ErrorCode.None, Leads(2, 6), snapshot, piece.Size, piece.Position, piece.Length)
                );
                Assert.False(rig.Has<RaftEffect.WriteSnapshotChunk>());
                rig.Wait(20);
                rig.TakeRequest<RaftFetchRequest>();
            }
        );
    }

    [Fact]
    public void A_snapshot_that_is_gone_is_given_up_for_a_new_fetch()
    {
        CoreRig rig = CoreRig.Follower(epoch: 6);
        var snapshot = new SnapshotId(new Offset(50), new LeaderEpoch(4));
        rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(6) with { Snapshot = snapshot });
        rig.Reply(
            rig.TakeRequest<RaftFetchSnapshotRequest>(),
            new RaftFetchSnapshotReply(ErrorCode.SnapshotNotFound, Leads(2, 6), snapshot, 0, 0, 0)
        );
        rig.Wait(20);
        rig.TakeRequest<RaftFetchRequest>();
    }

    [Fact]
    public void When_the_leader_does_not_answer_another_voter_is_asked_who_leads()
    {
        CoreRig rig = CoreRig.Follower();
        rig.Do(core => core.RequestFailed(rig.Now, rig.TakeRequest<RaftFetchRequest>().RequestId));
        rig.Wait(20);
        RaftEffect.SendRequest elsewhere = rig.TakeRequest<RaftFetchRequest>();
        Assert.Equal(3, elsewhere.To.Value);
        rig.Reply(elsewhere, rig.Nothing(2) with { Error = ErrorCode.FencedLeaderEpoch, Leader = Leads(3, 2) });
        Assert.Equal(Leads(3, 2), rig.Core.Leader);
    }

    [Fact]
    public void An_observer_whose_leader_and_a_voter_are_cut_off_asks_the_next_voter_soon()
    {
        CoreRig rig = CoreRig.Follower(self: 9);
        Assert.Equal(2, rig.TakeRequest<RaftFetchRequest>().To.Value);
        rig.Wait(1020);
        int first = rig.TakeRequest<RaftFetchRequest>().To.Value;
        rig.Wait(270);
        int second = rig.TakeRequest<RaftFetchRequest>().To.Value;
        Assert.Equal([1, 3], new[] { first, second }.Order());
    }

    [Fact]
    public void The_longer_nobody_answers_the_longer_a_voter_may_take_to_name_the_leader()
    {
        CoreRig rig = CoreRig.Follower(self: 9);
        List<long> patience = [];
        for (int turn = 0; turn < 12; turn++)
        {
            rig.TakeRequest<RaftFetchRequest>();
            long sent = rig.Now;
            rig.WaitUntil(() => rig.Has<RaftEffect.SendRequest>());
            patience.Add(rig.Now - sent - 20);
        }

        Assert.Equal([1000, 250, 250, 1000, 500, 500, 1000, 1000, 1000, 1000, 1000, 1000], patience);
    }

    [Fact]
    public void A_leader_that_says_it_leads_no_more_is_lost()
    {
        CoreRig rig = CoreRig.Follower();
        rig.Reply(
            rig.TakeRequest<RaftFetchRequest>(),
            rig.Nothing(1) with
            {
                Error = ErrorCode.NotLeaderOrFollower,
                Leader = Leads(-1, 1),
            }
        );
        Assert.IsType<UnattachedRole>(rig.Core.Role);
    }

    [Fact]
    public void A_voter_without_responses_for_a_fetch_timeout_asks_for_pre_votes_and_follows_whom_they_name()
    {
        CoreRig rig = CoreRig.Follower();
        rig.Wait(1999);
        Assert.IsType<FollowerRole>(rig.Core.Role);
        rig.Wait(1);
        Assert.IsType<ProspectiveRole>(rig.Core.Role);
        RaftEffect.SendRequest ask = rig.TakeRequests<RaftVoteRequest>()[0];
        rig.Reply(ask, new RaftVoteReply(ErrorCode.None, Leads(2, 1), Granted: false));
        Assert.Equal(1, Assert.IsType<FollowerRole>(rig.Core.Role).Epoch.Value);
    }

    [Fact]
    public void An_observer_looks_for_the_leader_among_the_voters()
    {
        var rig = new CoreRig(self: 9);
        RaftEffect.SendRequest fetch = rig.TakeRequest<RaftFetchRequest>();
        rig.Reply(fetch, rig.Nothing(4) with { Error = ErrorCode.FencedLeaderEpoch, Leader = Leads(3, 4) });
        Assert.Equal(Leads(3, 4), rig.Core.Leader);
        Assert.Equal(3, rig.TakeRequest<RaftFetchRequest>().To.Value);
    }

    /// <summary>
    /// In the order of the voters, so that none is asked twice before the others; the one that does not answer may be the first.
    /// </summary>
    [Fact]
    public void An_observer_without_a_leader_asks_every_voter_soon()
    {
        var rig = new CoreRig(self: 9);
        RaftEffect.SendRequest told = rig.TakeRequest<RaftFetchRequest>();
        rig.Reply(told, rig.Nothing(4) with { Error = ErrorCode.NotLeaderOrFollower, Leader = Leads(-1, 4) });
        rig.Wait(20);
        List<int> asked = [];
        for (int turn = 0; turn < 6; turn++)
        {
            asked.Add(rig.TakeRequest<RaftFetchRequest>().To.Value);
            rig.Wait(turn < 3 ? 270 : 520);
        }

        Assert.Equal([1, 2, 3], asked[..3].Order());
        Assert.Equal(asked[..3], asked[3..]);
    }

    [Fact]
    public void The_first_successor_stands_at_once_and_the_others_later()
    {
        Assert.Equal(0, DelayOf(1, 3));
        Assert.Equal(500, DelayOf(3, 1));
        Assert.Equal(1000, DelayOf(3));
        Assert.InRange(DelayOf(), 5, 50);

        static long DelayOf(params int[] successors)
        {
            CoreRig rig = CoreRig.Follower();
            rig.Wait(10);
            long resigned = rig.Now;
            Assert.Equal(ErrorCode.None, rig.EndEpoch(leader: 2, epoch: 1, successors)!.Error);
            rig.WaitUntil(() => rig.Core.Role is ProspectiveRole);
            return rig.Now - resigned;
        }
    }

    [Fact]
    public void Nobody_stands_while_its_log_is_being_changed()
    {
        CoreRig rig = CoreRig.Follower();
        rig.Reply(rig.TakeRequest<RaftFetchRequest>(), rig.Nothing(1) with { HasRecords = true });
        rig.Wait(10_000);
        Assert.IsType<FollowerRole>(rig.Core.Role);
        rig.Do(core => core.FetchedAppended(rig.Now, rig.Take<RaftEffect.AppendFetched>().Token, anySound: false));
        Assert.IsType<ProspectiveRole>(rig.Core.Role);
    }

    private static void Receive(CoreRig rig, RaftEffect.SendRequest fetch, long end, long highWatermark = 0)
    {
        rig.Reply(fetch, rig.Nothing(1, highWatermark) with { HasRecords = true });
        rig.Appended(new Offset(end), new LeaderEpoch(1));
        rig.Do(core => core.FetchedAppended(rig.Now, rig.Take<RaftEffect.AppendFetched>().Token, anySound: true));
    }
}
