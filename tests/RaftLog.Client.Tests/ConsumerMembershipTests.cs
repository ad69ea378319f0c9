using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

/// <summary>
/// What a member of a consumer group sends, and what it makes of the responses. The test is the coordinator, and the clock.
/// </summary>
public class ConsumerMembershipTests
{
    private static readonly Uuid Topic = new(1, 2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ConsumerOptions _options = new()
    {
        GroupId = "g",
        MaxPollInterval = TimeSpan.FromSeconds(60),
        Rack = "r",
        RemoteAssignor = "range",
    };
    private long _nowMs = 1000;

    [Fact]
    public void The_first_heartbeat_says_all_and_the_next_only_what_has_changed()
    {
        ConsumerMembership member = New();
        ConsumerGroupHeartbeatRequest first = member.Next(_nowMs)!;
        Assert.Equal(0, first.MemberEpoch);
        Assert.Equal(["t"], first.SubscribedTopicNames);
        Assert.Equal("r", first.RackId);
        Assert.Equal("range", first.ServerAssignor);
        Assert.Equal(60_000, first.RebalanceTimeoutMs);
        Assert.Empty(first.TopicPartitions!);
        Hear(member, 1, Assign(0, 1));

        Assert.True(member.MustReconcile);
        member.Reconciled(member.Target, _nowMs);
        ConsumerGroupHeartbeatRequest acknowledgement = member.Next(_nowMs)!;

        Assert.Equal([0, 1], acknowledgement.TopicPartitions!.Single().Partitions);
        Assert.Null(acknowledgement.SubscribedTopicNames);
        Assert.Equal(-1, acknowledgement.RebalanceTimeoutMs);
        Hear(member, 2);
        Assert.Null(member.Next(_nowMs));
        _nowMs += 5000;
        ConsumerGroupHeartbeatRequest quiet = member.Next(_nowMs)!;
        Assert.Equal(2, quiet.MemberEpoch);
        Assert.Null(quiet.TopicPartitions);
    }

    [Fact]
    public void After_a_lost_response_all_is_said_again_in_the_same_epoch()
    {
        ConsumerMembership member = Stable();
        _nowMs += 5000;
        Assert.Null(member.Next(_nowMs)!.SubscribedTopicNames);

        member.HeardNothing(_nowMs, Pause);

        Assert.Null(member.Next(_nowMs));
        _nowMs += 100;
        ConsumerGroupHeartbeatRequest again = member.Next(_nowMs)!;
        Assert.Equal(2, again.MemberEpoch);
        Assert.Equal(["t"], again.SubscribedTopicNames);
        Assert.Equal([0, 1], again.TopicPartitions!.Single().Partitions);
    }

    [Theory]
    [InlineData(ErrorCode.UnknownMemberId)]
    [InlineData(ErrorCode.FencedMemberEpoch)]
    public void A_fenced_member_gives_up_its_partitions_before_it_joins_anew(ErrorCode error)
    {
        ConsumerMembership member = Stable();
        int life = member.Identity.Life;
        _nowMs += 5000;
        member.Next(_nowMs);

        Hear(member, error);

        Assert.Equal(ConsumerMemberStage.Lost, member.Stage);
        Assert.False(member.Identity.IsMember);
        Assert.NotEqual(life, member.Identity.Life);
        _nowMs += 50_000;
        Assert.Null(member.Next(_nowMs));
        member.JoinAnew(_nowMs);
        ConsumerGroupHeartbeatRequest first = member.Next(_nowMs)!;
        Assert.Equal(0, first.MemberEpoch);
        Assert.Empty(first.TopicPartitions!);
        Assert.Equal(["t"], first.SubscribedTopicNames);
    }

    [Fact]
    public void A_reader_that_stays_away_makes_the_member_leave_and_loses_what_it_had()
    {
        ConsumerMembership member = Stable();
        for (int i = 0; i < 11; i++)
        {
            _nowMs += 5000;
            Assert.Equal(2, member.Next(_nowMs)!.MemberEpoch);
            Hear(member, 2);
        }

        _nowMs += 5001;
        ConsumerGroupHeartbeatRequest farewell = member.Next(_nowMs)!;

        Assert.Equal(-1, farewell.MemberEpoch);
        Hear(member, -1);
        member.Polled(_nowMs);
        Assert.Equal(ConsumerMemberStage.Lost, member.Stage);
    }

    [Fact]
    public void A_reader_that_is_late_has_lost_its_partitions_though_the_farewell_has_not_been_sent()
    {
        ConsumerMembership member = Stable();
        _nowMs += 60_001;

        member.Polled(_nowMs);

        Assert.Equal(ConsumerMemberStage.Lost, member.Stage);
    }

    [Fact]
    public void A_response_to_the_member_that_was_put_out_says_nothing_about_the_new_one()
    {
        ConsumerMembership member = Stable();
        _nowMs += 60_000;
        Assert.NotNull(member.Next(_nowMs));
        _nowMs += 1;
        member.Polled(_nowMs);
        member.JoinAnew(_nowMs);
        Assert.Null(member.Next(_nowMs));

        Hear(member, 2);

        Assert.Equal(ConsumerMemberStage.Joining, member.Stage);
        Assert.Equal(0, member.Next(_nowMs)!.MemberEpoch);
    }

    [Theory]
    [InlineData(null, -1)]
    [InlineData("name", -2)]
    public void A_static_member_leaves_for_a_while_and_another_for_good(string? instance, int epoch)
    {
        ConsumerMembership member = Stable(_options with { GroupInstanceId = instance });

        ConsumerGroupHeartbeatRequest farewell = member.Close()!;

        Assert.Equal(epoch, farewell.MemberEpoch);
        Assert.Equal(instance, farewell.InstanceId);
        Assert.Null(member.Next(_nowMs + 100_000));
    }

    [Fact]
    public void The_name_of_a_member_that_died_is_waited_for_as_long_as_a_session_lasts()
    {
        ConsumerMembership member = New(_options with { GroupInstanceId = "name", SessionTimeout = TimeSpan.FromSeconds(10) });
        for (int i = 0; i < 4; i++)
        {
            Assert.NotNull(member.Next(_nowMs));
            Hear(member, ErrorCode.UnreleasedInstanceId);
            Assert.Null(member.Failure);
            _nowMs += 2500;
        }

        member.Next(_nowMs);
        Hear(member, ErrorCode.UnreleasedInstanceId);

        Assert.Equal(ErrorCode.UnreleasedInstanceId, member.Failure!.Code);
    }

    [Theory]
    [InlineData(ErrorCode.CoordinatorLoadInProgress, false)]
    [InlineData(ErrorCode.NotCoordinator, false)]
    [InlineData(ErrorCode.GroupAuthorizationFailed, true)]
    [InlineData(ErrorCode.GroupMaxSizeReached, true)]
    [InlineData(ErrorCode.InvalidRegularExpression, true)]
    [InlineData(ErrorCode.FencedInstanceId, true)]
    public void Errors_that_pass_are_waited_out_and_others_end_the_membership(ErrorCode error, bool isFinal)
    {
        ConsumerMembership member = Stable();
        _nowMs += 5000;
        member.Next(_nowMs);

        Hear(member, error);

        Assert.Equal(isFinal, member.Failure is not null);
        Assert.Equal(isFinal ? long.MaxValue : _nowMs + 100, member.NextMs);
    }

    [Fact]
    public void An_expression_is_taken_back_by_an_empty_one()
    {
        ConsumerMembership member = New();
        member.Subscribe(new GroupTopics([], "a.*"), _nowMs);
        Assert.Equal("a.*", member.Next(_nowMs)!.SubscribedTopicRegex);
        Hear(member, 1);

        member.Subscribe(GroupTopics.Of(["b", "a", "b"]), _nowMs);
        ConsumerGroupHeartbeatRequest changed = member.Next(_nowMs)!;

        Assert.Equal("", changed.SubscribedTopicRegex);
        Assert.Equal(["a", "b"], changed.SubscribedTopicNames);
    }

    [Fact]
    public void A_subscription_that_changes_while_a_heartbeat_is_under_way_is_told_by_the_next_at_once()
    {
        ConsumerMembership member = Stable();
        _nowMs += 5000;
        member.Next(_nowMs);
        member.Subscribe(GroupTopics.Of(["u"]), _nowMs);
        Assert.Null(member.Next(_nowMs));

        Hear(member, 2);

        Assert.Equal(["u"], member.Next(_nowMs)!.SubscribedTopicNames);
    }

    private ConsumerMembership New(ConsumerOptions? options = null)
    {
        ConsumerMembership member = new(options ?? _options, "me");
        member.Subscribe(GroupTopics.Of(["t"]), _nowMs);
        return member;
    }

    private ConsumerMembership Stable(ConsumerOptions? options = null)
    {
        ConsumerMembership member = New(options);
        member.Next(_nowMs);
        Hear(member, 1, Assign(0, 1));
        member.Reconciled(member.Target, _nowMs);
        member.Next(_nowMs);
        Hear(member, 2);
        return member;
    }

    private void Hear(ConsumerMembership member, int epoch, ConsumerGroupHeartbeatResponse.HeartbeatAssignment? assignment = null) =>
        member.Heard(
            new()
            {
                MemberId = "me",
                MemberEpoch = epoch,
                HeartbeatIntervalMs = 5000,
                Assignment = assignment,
            },
            _nowMs,
            Pause
        );

    private void Hear(ConsumerMembership member, ErrorCode error) => member.Heard(new() { ErrorCode = error }, _nowMs, Pause);

    private static ConsumerGroupHeartbeatResponse.HeartbeatAssignment Assign(params int[] partitions) =>
        new() { TopicPartitions = [new() { TopicId = Topic, Partitions = [.. partitions] }] };
}
