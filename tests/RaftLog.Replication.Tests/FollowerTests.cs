using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Replication.Tests;

/// <summary>The rules of a follower, one by one.</summary>
public sealed class FollowerTests
{
    private readonly Scene _scene = new(2);

    private DataReplica A => _scene.Nodes[0];

    private DataReplica B => _scene.Nodes[1];

    [Fact]
    public void A_follower_does_not_fetch_while_it_holds_bytes_that_are_not_durable()
    {
        Follow(1);
        A.Append(10, 1, 1);
        B.Take(10, Ask());
        Assert.Null(B.NextFetch());
        B.Flush(10);
        Assert.Equal(new Offset(1), B.NextFetch()!.Value.FetchOffset);
        Assert.Equal(new LeaderEpoch(1), B.NextFetch()!.Value.LastFetchedEpoch);
    }

    [Fact]
    public void A_demoted_leader_does_not_claim_its_unflushed_tail()
    {
        _scene.Decide(1, 1, 0, 1);
        _scene.Tell(10, 0, 1);
        B.Append(10, 1, 1);
        _scene.Decide(0, 2, 0, 1);
        _scene.Tell(10, 1);
        Assert.IsType<PartitionFollowerRole>(B.Core.Role);
        Assert.Null(B.NextFetch());
    }

    [Fact]
    public void A_flush_that_a_truncation_overtook_makes_nothing_durable()
    {
        B.Log.Append(new DataEntry(0, 1, 1));
        int generation = B.Log.Generation;
        B.Log.Truncate(0);
        B.Log.Append(new DataEntry(0, 1, 2));
        B.Flushed(10, 1, generation);
        Follow(1);
        Assert.Null(B.NextFetch());
    }

    [Fact]
    public void The_high_watermark_follows_the_leaders_as_far_as_the_own_log_is_durable()
    {
        CopyTwo(leaderHighWatermark: 9);
        Assert.Equal(0, B.Core.HighWatermark.Value);
        B.Flush(10);
        Assert.Equal(2, B.Core.HighWatermark.Value);
    }

    [Fact]
    public void A_high_watermark_that_a_truncation_takes_back_is_reported()
    {
        CopyTwo(leaderHighWatermark: 2);
        B.Flush(10);
        Assert.Equal(2, B.Core.HighWatermark.Value);
        Assert.Equal(new Offset(1), B.Core.OnLogChanged(10, new LogExtent(Offset.Zero, new Offset(1), new Offset(1))).HighWatermark);
    }

    [Fact]
    public void Without_a_leader_a_role_stays_in_its_epoch_and_goes_with_the_next()
    {
        List<bool> changes = [];
        B.OnEffects = effects => changes.Add(effects.RoleChanged);
        _scene.Decide(-1, 3, 0, 1);
        _scene.Tell(10, 1);
        _scene.Restate();
        _scene.Tell(20, 1);
        Assert.Equal([true, false], changes);

        _scene.Decide(-1, 4, 0, 1);
        _scene.Tell(30, 1);
        Assert.Equal(4, B.Core.LeaderEpoch.Value);
    }

    [Fact]
    public void The_high_watermark_of_a_diverging_response_does_not_count()
    {
        B.Log.Append(new DataEntry(0, 9, 9));
        B.Log.Append(new DataEntry(0, 9, 8));
        B.Flush(10);
        Follow(1);
        A.Append(10, 1, 1);
        DataResponse response = Ask();
        Assert.NotNull(response.Response.Diverging);
        Assert.Equal(
            FollowerStepKind.Truncate,
            B.Take(10, response with { Response = response.Response with { HighWatermark = new Offset(1) } })
        );
        Assert.Equal(0, B.Core.HighWatermark.Value);
        Assert.Equal(0, B.Log.End);
    }

    [Fact]
    public void Nor_does_it_count_after_the_first_of_several_cuts()
    {
        // The first cut keeps two records of epoch 2, of which the leader has none: it must not call them committed.
        foreach (int epoch in new[] { 2, 2, 5, 5 })
        {
            B.Log.Append(new DataEntry(epoch, 1, B.Log.End));
        }

        foreach (int epoch in new[] { 1, 1, 1, 3 })
        {
            A.Log.Append(new DataEntry(epoch, 1, A.Log.End));
        }

        A.Flush(10);
        B.Flush(10);
        Follow(9);
        DataResponse response = Ask();
        B.Take(10, response with { Response = response.Response with { HighWatermark = new Offset(4) } });
        Assert.Equal(2, B.Log.End);
        Assert.Equal(0, B.Core.HighWatermark.Value);
    }

    [Theory]
    [InlineData(ErrorCode.FencedLeaderEpoch, FollowerStepKind.AwaitMetadata)]
    [InlineData(ErrorCode.NotLeaderOrFollower, FollowerStepKind.AwaitMetadata)]
    [InlineData(ErrorCode.UnknownTopicId, FollowerStepKind.AwaitMetadata)]
    [InlineData(ErrorCode.UnknownLeaderEpoch, FollowerStepKind.BackOff)]
    [InlineData(ErrorCode.KafkaStorageError, FollowerStepKind.BackOff)]
    public void Errors_are_waited_out(ErrorCode error, FollowerStepKind expected)
    {
        Follow(1);
        Assert.Equal(expected, Take(error, Offset.None).Kind);
    }

    [Fact]
    public void A_follower_below_the_leaders_start_starts_over_there_and_asks_when_the_leader_does_not_say()
    {
        Follow(1);
        Assert.Equal(
            new FollowerStep(FollowerStepKind.StartOver, new Offset(500), null),
            Take(ErrorCode.OffsetOutOfRange, new Offset(500))
        );
        Assert.Equal(FollowerStepKind.AskLogStart, Take(ErrorCode.OffsetOutOfRange, Offset.None).Kind);
        Assert.Equal(FollowerStepKind.BackOff, B.Core.OutOfRange(Offset.Zero).Kind);
    }

    [Fact]
    public void A_response_to_another_position_or_leadership_is_dropped()
    {
        Follow(1);
        A.Append(10, 1, 1);
        DataResponse first = Ask();
        B.Take(10, first);
        B.Flush(10);
        Assert.Equal(FollowerStepKind.Drop, B.Take(10, first));
        DataResponse second = Ask();
        Follow(2);
        Assert.Equal(FollowerStepKind.Drop, B.Take(10, second));
    }

    [Fact]
    public void A_checkpoint_beyond_the_recovered_log_does_not_count()
    {
        var replica = new PartitionReplica(
            new NodeId(1),
            new LogExtent(new Offset(3), new Offset(8), new Offset(8)),
            new Offset(20),
            new ReplicationTuning()
        );
        Assert.Equal(new Offset(8), replica.HighWatermark);
        var emptied = new PartitionReplica(
            new NodeId(1),
            new LogExtent(new Offset(30), new Offset(30), new Offset(30)),
            new Offset(20),
            new ReplicationTuning()
        );
        Assert.Equal(new Offset(30), emptied.HighWatermark);
    }

    [Fact]
    public void Before_its_registration_is_replayed_a_node_neither_leads_nor_follows()
    {
        B.RegisteredAs = BrokerEpoch.None;
        Follow(1);
        Assert.IsType<IdleRole>(B.Core.Role);
        Assert.Null(B.NextFetch());
        B.RegisteredAs = new BrokerEpoch(_scene.State.AsOf.Value + 1);
        _scene.Tell(10, 1);
        Assert.IsType<IdleRole>(B.Core.Role);
        B.RegisteredAs = new BrokerEpoch(_scene.State.AsOf.Value);
        _scene.Tell(10, 1);
        Assert.IsType<PartitionFollowerRole>(B.Core.Role);
    }

    /// <summary>
    /// Each row: the follower's epochs (one digit a record), the leader's, and what is left of the follower's log after the first round.
    /// </summary>
    [Theory]
    [InlineData("111", "111", 3)]
    [InlineData("1111", "111", 3)]
    [InlineData("11", "1111", 2)]
    [InlineData("1122", "1133", 2)]
    [InlineData("1122", "1111", 2)]
    [InlineData("1122", "3", 0)]
    [InlineData("1155", "1222", 2)]
    [InlineData("2255", "1113", 2)]
    [InlineData("1144", "11445", 4)]
    [InlineData("22", "", 0)]
    public void Logs_are_truncated_where_they_diverge(string follower, string leader, int kept)
    {
        foreach (char epoch in follower)
        {
            B.Log.Append(new DataEntry(epoch - '0', 1, B.Log.End));
        }

        foreach (char epoch in leader)
        {
            A.Log.Append(new DataEntry(epoch - '0', 1, A.Log.End));
        }

        A.Flush(10);
        B.Flush(10);
        Follow(9);
        B.Take(10, Ask() with { Entries = [] });
        Assert.Equal(kept, B.Log.End);
        B.CatchUp(10, A);
        Assert.Equal(A.Log.PrefixHash(A.Log.End), B.Log.PrefixHash(B.Log.End));
    }

    private void Follow(int epoch)
    {
        _scene.Decide(0, epoch, 0, 1);
        _scene.Tell(10, 0, 1);
    }

    private void CopyTwo(long leaderHighWatermark)
    {
        Follow(1);
        A.Append(10, 1, 1);
        A.Append(10, 1, 2);
        DataResponse response = Ask();
        B.Take(10, response with { Response = response.Response with { HighWatermark = new Offset(leaderHighWatermark) } });
    }

    private DataResponse Ask() => A.Serve(10, B.Node, B.RegisteredAs, B.NextFetch()!.Value, 100);

    private FollowerStep Take(ErrorCode error, Offset leaderStart) =>
        B.Core.OnFetchResponse(new FollowerFetchResult(B.NextFetch()!.Value, error, null, Offset.None, leaderStart), B.Log);
}
