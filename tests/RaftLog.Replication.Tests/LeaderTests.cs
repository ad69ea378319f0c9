using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Replication.Tests;

/// <summary>The rules of a leader, one by one.</summary>
public sealed class LeaderTests
{
    private readonly Scene _scene = new(3);
    private readonly List<IsrProposal> _proposals = [];

    private DataReplica A => _scene.Nodes[0];

    private DataReplica B => _scene.Nodes[1];

    private PartitionLeaderRole Leader => Assert.IsType<PartitionLeaderRole>(A.Core.Role);

    [Fact]
    public void The_high_watermark_is_the_smallest_durable_end_of_all_in_sync_replicas_the_leaders_own_too()
    {
        Lead(0, 1, 2);
        Write(3, flushed: false);
        Fetch(1, 3);
        Fetch(2, 2);
        Assert.Equal(0, A.Core.HighWatermark.Value);

        A.Flush(10);
        Assert.Equal(2, A.Core.HighWatermark.Value);

        Fetch(2, 3);
        Assert.Equal(3, A.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_follower_that_has_not_fetched_in_this_leadership_holds_the_high_watermark()
    {
        Lead(0, 1, 2);
        Write(1);
        Fetch(1, 1);
        Assert.Equal(0, A.Core.HighWatermark.Value);
    }

    [Fact]
    public void The_high_watermark_does_not_go_back_when_a_follower_does()
    {
        Lead(0, 1);
        Write(5);
        Fetch(1, 5);
        Fetch(1, 2);
        Assert.Equal(5, A.Core.HighWatermark.Value);
        Write(1);
        Assert.Equal(5, A.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_follower_about_to_join_counts_before_it_is_proposed()
    {
        // It was caught up a moment ago and may join with its next fetch, so the high watermark waits for it.
        Lead(0);
        Fetch(1, 0);
        Reject(ErrorCode.OperationNotAttempted);
        Write(4);
        Assert.Equal(0, A.Core.HighWatermark.Value);

        A.Tick(2_000);
        Assert.Equal(4, A.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_pending_expansion_counts_at_once_and_a_pending_shrink_keeps_counting()
    {
        Lead(0, 1);
        Write(4);
        Fetch(1, 4);
        Fetch(2, 4);
        Assert.True(Leader.InSync.Maximal.SameAs(Scene.Set(0, 1, 2)));
        Write(2);
        Fetch(1, 6);
        Assert.Equal(4, A.Core.HighWatermark.Value);
        Grant();

        Fetch(2, 6);
        Write(2);
        Fetch(1, 8, 2_000);
        A.Tick(2_000);
        Assert.IsType<InSyncState.PendingShrink>(Leader.InSync);
        Assert.True(_proposals[^1].InSync.SameAs(Scene.Set(0, 1)));
        Assert.Equal(6, A.Core.HighWatermark.Value);

        Grant(2_000);
        Assert.Equal(8, A.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_follower_that_reaches_where_the_log_ended_at_its_last_fetch_stays_in_sync()
    {
        Lead(0, 1);
        for (int round = 1; round <= 10; round++)
        {
            Write(2);
            Fetch(1, (round - 1) * 2, round * 400);
            A.Tick(round * 400);
        }

        Assert.Empty(_proposals);
        Write(2);
        A.Tick(10 * 400 + 1_600);
        Assert.True(_proposals.Single().InSync.SameAs(Scene.Set(0)));
    }

    [Fact]
    public void A_new_leader_gives_the_in_sync_followers_time_to_find_it()
    {
        Lead(0, 1);
        Write(1);
        A.Tick(900);
        Assert.Empty(_proposals);
        A.Tick(1_600);
        Assert.Single(_proposals);
    }

    [Fact]
    public void A_follower_may_lag_as_long_as_is_configured_and_no_longer()
    {
        Lead(0, 1);
        Write(1);
        A.Tick(1_010);
        Assert.Empty(_proposals);
        A.Tick(1_511);
        Assert.Single(_proposals);
    }

    [Fact]
    public void While_a_proposal_is_under_way_there_is_no_other()
    {
        Lead(0, 1, 2);
        Write(1);
        Fetch(2, 1, 1_500);
        A.Tick(1_600);
        Assert.True(_proposals.Single().InSync.SameAs(Scene.Set(0, 2)));
        Write(1);
        A.Tick(4_000);
        Assert.Single(_proposals);
    }

    [Theory]
    [InlineData(ErrorCode.IneligibleReplica)]
    [InlineData(ErrorCode.OperationNotAttempted)]
    public void A_rejection_that_settles_the_matter_rolls_back_to_the_committed_set(ErrorCode error)
    {
        Lead(0);
        Fetch(1, 0);
        Reject(error);
        Assert.IsType<InSyncState.Settled>(Leader.InSync);
        Assert.True(Leader.InSync.Maximal.SameAs(Scene.Set(0)));

        Fetch(1, 0, 20);
        Assert.Single(_proposals);
        Fetch(1, 0, 200);
        Assert.Equal(2, _proposals.Count);
    }

    [Fact]
    public void A_shrink_that_was_rejected_is_proposed_anew_at_the_end_of_the_pause()
    {
        Lead(0, 1);
        Write(1);
        A.Tick(1_511);
        Reject(ErrorCode.IneligibleReplica, 1_911);
        A.Tick(2_010);
        Assert.Single(_proposals);
        A.Tick(2_011);
        Assert.Equal(2, _proposals.Count);
    }

    [Theory]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    [InlineData(ErrorCode.UnknownTopicId)]
    [InlineData(ErrorCode.FencedLeaderEpoch)]
    [InlineData(ErrorCode.InvalidUpdateVersion)]
    [InlineData(ErrorCode.InvalidRequest)]
    [InlineData(ErrorCode.NewLeaderElected)]
    public void A_controller_that_knows_more_leaves_the_proposal_pending_until_metadata_tells(ErrorCode error)
    {
        Lead(0);
        Fetch(1, 0);
        Reject(error);
        A.Tick(5_000);
        Assert.IsType<InSyncState.PendingExpansion>(Leader.InSync);
        Assert.Single(_proposals);

        _scene.Decide(0, 1, 0, 2);
        _scene.Tell(5_000, 0);
        Assert.IsType<InSyncState.Settled>(Leader.InSync);
        Assert.True(Leader.InSync.Maximal.SameAs(Scene.Set(0, 2)));
    }

    [Theory]
    [InlineData(ErrorCode.NotController)]
    [InlineData(ErrorCode.RequestTimedOut)]
    [InlineData(ErrorCode.NetworkException)]
    [InlineData(ErrorCode.StaleBrokerEpoch)]
    [InlineData(ErrorCode.UnknownServerError)]
    public void Any_other_error_repeats_the_same_proposal_after_a_pause_and_rolls_nothing_back(ErrorCode error)
    {
        Lead(0);
        Fetch(1, 0);
        Reject(error);
        A.Tick(50);
        Assert.Single(_proposals);
        Assert.Equal(110, A.Core.NextDeadlineMs);
        A.Tick(110);
        Assert.Equal(2, _proposals.Count);
        Assert.Same(_proposals[0], _proposals[1]);
        Assert.True(Leader.InSync.Maximal.Contains(B.Node));
    }

    [Fact]
    public void The_rejection_of_a_repetition_proves_nothing_while_the_first_copy_may_still_arrive()
    {
        Lead(0);
        Fetch(1, 0);
        Reject(ErrorCode.RequestTimedOut);
        A.Tick(200);
        Reject(ErrorCode.IneligibleReplica, 300);
        Assert.True(Leader.InSync.Maximal.Contains(B.Node));

        A.Tick(6_000);
        Reject(ErrorCode.IneligibleReplica, 6_000);
        Assert.False(Leader.InSync.Maximal.Contains(B.Node));
    }

    [Fact]
    public void A_proposal_whose_response_was_lost_is_over_when_its_member_has_registered_anew()
    {
        Lead(0);
        Fetch(1, 0);
        Reject(ErrorCode.RequestTimedOut);
        _scene.Register(1);
        _scene.Restate();
        _scene.Tell(50, 0);
        Assert.Null(Leader.InSync.InFlight);
        Assert.False(Leader.InSync.Maximal.Contains(B.Node));

        A.Serve(200, B.Node, B.RegisteredAs, Position(0), 100);
        Assert.Equal(2, _proposals.Count);
        Assert.Contains(B.RegisteredAs, _proposals[1].BrokerEpochs);
    }

    [Fact]
    public void A_pending_proposal_outlives_news_of_brokers_that_it_does_not_name()
    {
        Lead(0);
        Fetch(1, 0);
        _scene.Register(2);
        _scene.Restate();
        _scene.Tell(50, 0);
        Assert.Same(_proposals[0], Leader.InSync.InFlight);
    }

    [Fact]
    public void Responses_of_another_leadership_or_an_older_state_change_nothing()
    {
        Lead(0);
        Fetch(1, 0);
        IsrProposal first = _proposals[0];
        _scene.Decide(0, 1, 0, 2);
        _scene.Tell(20, 0);
        A.OnResponse(20, first, IsrResponse.Failed(ErrorCode.IneligibleReplica));
        A.OnResponse(20, first, new IsrResponse(ErrorCode.None, new LeaderEpoch(1), new PartitionEpoch(0), Scene.Set(0, 1)));
        Assert.True(Leader.InSync.Committed.SameAs(Scene.Set(0, 2)));

        _scene.Decide(0, 2, 0);
        _scene.Tell(30, 0);
        A.OnResponse(30, first, new IsrResponse(ErrorCode.None, new LeaderEpoch(1), new PartitionEpoch(99), Scene.Set(0, 1)));
        Assert.True(Leader.InSync.Committed.SameAs(Scene.Set(0)));
    }

    [Fact]
    public void Metadata_that_is_older_than_a_granted_proposal_does_not_undo_it()
    {
        Lead(0);
        PartitionState old = _scene.State;
        Fetch(1, 0);
        Grant();
        A.Apply(20, old);
        Assert.True(Leader.InSync.Committed.SameAs(Scene.Set(0, 1)));
    }

    [Theory]
    [InlineData(-1, ErrorCode.None)]
    [InlineData(0, ErrorCode.FencedLeaderEpoch)]
    [InlineData(1, ErrorCode.None)]
    [InlineData(2, ErrorCode.UnknownLeaderEpoch)]
    public void A_client_that_names_an_epoch_must_name_the_leaders(int named, ErrorCode expected)
    {
        Lead(0);
        Assert.Equal(expected, A.Core.ClientFetch(new FetchPosition(new LeaderEpoch(named), Offset.Zero, LeaderEpoch.None), A.Log).Error);
    }

    [Fact]
    public void A_follower_answers_stale_epochs_as_such_and_everything_else_with_not_leader()
    {
        Lead(0, 1);
        _scene.Tell(10, 1);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, B.Core.CheckLeadership(new LeaderEpoch(0)));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, B.Core.CheckLeadership(new LeaderEpoch(1)));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, B.Core.CheckLeadership(LeaderEpoch.None));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, B.Core.MayAppend(RequiredAcks.All));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, B.Core.MayTellLatest());
    }

    [Fact]
    public void Clients_read_up_to_the_high_watermark_and_followers_up_to_the_unflushed_end()
    {
        Lead(0, 1);
        Write(4);
        Fetch(1, 2);
        Write(3, flushed: false);
        FetchVerdict client = A.Core.ClientFetch(new FetchPosition(LeaderEpoch.None, Offset.Zero, LeaderEpoch.None), A.Log);
        Assert.Equal(new Offset(2), client.Limit);
        A.Core.FollowerFetched(10, new FetchingReplica(B.Node, B.RegisteredAs, Offset.Zero), Position(2), A.Log, out FetchVerdict follower);
        Assert.Equal(new Offset(7), follower.Limit);
    }

    [Fact]
    public void A_fetch_that_is_looked_at_again_is_not_counted_again()
    {
        Lead(0, 1);
        Write(4);
        Fetch(1, 4);
        Write(2);
        FetchVerdict again = A.Core.RepeatedFetch(Position(2), A.Log);
        Assert.Equal(new Offset(6), again.Limit);
        A.Tick(1_600);
        Assert.Single(_proposals);
        Assert.Equal(4, A.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_fetch_outside_the_log_is_out_of_range()
    {
        Lead(0);
        Write(2);
        Assert.Equal(ErrorCode.OffsetOutOfRange, Client(3).Error);
        Assert.Equal(ErrorCode.None, Client(2).Error);
        A.Core.OnLogChanged(10, new LogExtent(new Offset(1), new Offset(2), new Offset(2)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, Client(0).Error);
    }

    [Fact]
    public void A_follower_that_names_no_leader_epoch_or_is_no_replica_is_rejected()
    {
        Lead(0, 1);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Serve(1, new FetchPosition(LeaderEpoch.None, Offset.Zero, LeaderEpoch.None)));
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, Serve(7, Position(0)));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Serve(7, new FetchPosition(LeaderEpoch.None, Offset.Zero, LeaderEpoch.None)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, Serve(1, Position(0) with { LastFetchedEpoch = new LeaderEpoch(9) }));
    }

    [Fact]
    public void A_new_leader_does_not_tell_the_latest_offset_before_it_knows_it()
    {
        // The log holds a record of an earlier leadership of which nobody here knows whether it is committed.
        A.Log.Append(new DataEntry(0, 1, 1));
        A.Log.Append(new DataEntry(0, 1, 2));
        A.Flush(10);
        Lead(0, 1);
        Assert.Equal(ErrorCode.OffsetNotAvailable, A.Core.MayTellLatest());
        Assert.Equal(Offset.Zero, Client(0).Limit);

        Fetch(1, 2);
        Assert.Equal(ErrorCode.None, A.Core.MayTellLatest());
        Assert.Equal(new Offset(2), Client(0).Limit);
    }

    [Fact]
    public void A_commit_is_reported_once_the_high_watermark_covers_it_in_the_same_leadership()
    {
        _scene.MinInSync = 2;
        Lead(0, 1);
        Write(2);
        Assert.Equal(CommitVerdict.Waiting, A.Core.CheckCommitted(new Offset(2), new LeaderEpoch(1)));
        Fetch(1, 2);
        Assert.Equal(CommitVerdict.Committed, A.Core.CheckCommitted(new Offset(2), new LeaderEpoch(1)));

        _scene.Decide(0, 1, 0);
        _scene.Tell(20, 0);
        Assert.Equal(CommitVerdict.TooFewInSync, A.Core.CheckCommitted(new Offset(2), new LeaderEpoch(1)));
        _scene.Decide(0, 2, 0);
        _scene.Tell(20, 0);
        Assert.Equal(CommitVerdict.LeadershipLost, A.Core.CheckCommitted(new Offset(2), new LeaderEpoch(1)));
    }

    [Fact]
    public void Without_flushing_the_page_cache_is_what_counts()
    {
        Lead(0);
        A.Log.Append(new DataEntry(1, 1, 1));
        A.Core.OnLogChanged(10, new LogExtent(Offset.Zero, new Offset(1), new Offset(1)));
        Assert.Equal(new Offset(1), A.Core.HighWatermark);
    }

    [Fact]
    public void The_low_watermark_is_the_smallest_log_start_of_the_in_sync_replicas()
    {
        Lead(0, 1, 2);
        Write(5);
        A.Core.OnLogChanged(10, new LogExtent(new Offset(4), new Offset(5), new Offset(5)));
        A.Core.FollowerFetched(10, new FetchingReplica(new NodeId(1), new BrokerEpoch(1), new Offset(2)), Position(4), A.Log, out _);
        A.Core.FollowerFetched(10, new FetchingReplica(new NodeId(2), new BrokerEpoch(2), new Offset(3)), Position(4), A.Log, out _);
        Assert.Equal(new Offset(2), A.Core.LowWatermark);
    }

    [Fact]
    public void A_leaders_log_that_is_truncated_stops_the_node()
    {
        Lead(0);
        Write(2);
        Assert.Equal("R-06", Assert.Throws<InvariantException>(() => A.Core.OnLogChanged(10, LogExtent.Empty)).Id);
    }

    private void Lead(params int[] inSync)
    {
        A.OnEffects = effects =>
        {
            if (effects.Proposal is { } proposal)
            {
                _proposals.Add(proposal);
            }
        };
        _scene.Decide(0, 1, inSync);
        _scene.Tell(10, 0);
    }

    private void Write(int records, bool flushed = true)
    {
        for (int i = 0; i < records; i++)
        {
            A.Append(10, 1, A.Log.End);
        }

        if (flushed)
        {
            A.Flush(10);
        }
    }

    private void Fetch(int node, int offset, long nowMs = 10) =>
        Assert.Equal(ErrorCode.None, A.Serve(nowMs, new NodeId(node), new BrokerEpoch(node), Position(offset), 100).Response.Error);

    private ErrorCode Serve(int node, FetchPosition position) =>
        A.Serve(10, new NodeId(node), new BrokerEpoch(node), position, 100).Response.Error;

    private FetchVerdict Client(int offset) =>
        A.Core.ClientFetch(new FetchPosition(LeaderEpoch.None, new Offset(offset), LeaderEpoch.None), A.Log);

    private FetchPosition Position(int offset) =>
        new(A.Core.LeaderEpoch, new Offset(offset), offset == 0 ? LeaderEpoch.None : new LeaderEpoch(A.Log[offset - 1].Epoch));

    private void Grant(long nowMs = 10) => A.OnResponse(nowMs, _proposals[^1], Scene.Granted(_proposals[^1]));

    private void Reject(ErrorCode error, long nowMs = 10) => A.OnResponse(nowMs, _proposals[^1], IsrResponse.Failed(error));
}
