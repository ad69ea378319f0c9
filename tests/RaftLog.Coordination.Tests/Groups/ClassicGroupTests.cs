using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Tests.Groups;

public sealed class ClassicGroupTests
{
    private readonly Shard _shard = new();

    [Fact]
    public void A_new_group_is_in_the_log_before_its_first_generation()
    {
        new ClassicClient(_shard, "g").Join();
        GroupMetadataValue first = GroupRecordReader.Value<GroupMetadataValue>(Assert.Single(_shard.Records))!;
        Assert.Equal(("", 0, 0), (first.ProtocolType, first.Generation, first.Members.Count));
        Assert.Null(first.Protocol);
        Assert.Null(first.Leader);
        _shard.FailOver();
        Assert.Equal("Empty", Assert.Single(_shard.List()).GroupState);
    }

    [Fact]
    public void A_new_member_gets_its_id_first_and_joins_with_it()
    {
        ClassicClient client = new(_shard, "g");

        JoinGroupResponse first = _shard.Response<JoinGroupResponse>(client.SendJoin());

        Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
        Assert.Matches("^client-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", first.MemberId);
        client.MemberId = first.MemberId;
        long join = client.SendJoin();
        Assert.False(_shard.HasResponse(join));
        _shard.Pass(3_000);
        JoinGroupResponse joined = client.Joined(join);
        Assert.Equal(
            (ErrorCode.None, 1, "range", "consumer"),
            (joined.ErrorCode, joined.GenerationId, joined.ProtocolName, joined.ProtocolType)
        );
        Assert.Equal(first.MemberId, joined.Leader);
        Assert.Equal(first.MemberId, Assert.Single(joined.Members).MemberId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_client_that_does_not_know_of_required_ids_joins_at_once(short version)
    {
        ClassicClient client = new(_shard, "g", version: version);
        long join = client.SendJoin();
        _shard.Pass(3_000);
        Assert.Equal(ErrorCode.None, client.Joined(join).ErrorCode);
    }

    [Fact]
    public void The_first_rebalance_waits_while_members_come_and_at_most_for_the_rebalance_timeout()
    {
        _shard.Settings.Classic = new ClassicGroupSettings { InitialRebalanceDelayMs = 3_000 };
        ClassicClient first = new(_shard, "g") { RebalanceTimeoutMs = 8_000 };
        long join = first.Join();
        _shard.Pass(2_900);
        new ClassicClient(_shard, "g") { RebalanceTimeoutMs = 8_000 }.Join();
        _shard.Pass(3_000);
        Assert.False(_shard.HasResponse(join));
        new ClassicClient(_shard, "g") { RebalanceTimeoutMs = 8_000 }.Join();
        _shard.Pass(2_000);
        Assert.False(_shard.HasResponse(join));
        _shard.Pass(100);
        Assert.Equal(3, first.Joined(join).Members.Count);
    }

    [Fact]
    public void Members_get_the_work_that_the_leader_shares_out()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        Assert.Equal("Stable", _shard.Describe("g").GroupState);
        Assert.Equal(ErrorCode.None, leader.Heartbeat());
        Assert.Equal(ErrorCode.None, follower.Heartbeat());
        DescribeGroupsResponse.DescribedGroup group = _shard.Describe("g");
        Assert.Equal(("range", "consumer"), (group.ProtocolData, group.ProtocolType));
        Assert.Equal([1], group.Members.Single(member => member.MemberId == leader.MemberId).MemberAssignment.ToArray());
        Assert.Equal([2], group.Members.Single(member => member.MemberId == follower.MemberId).MemberAssignment.ToArray());
        Assert.Equal("/127.0.0.1", group.Members[0].ClientHost);
    }

    [Fact]
    public void A_member_without_work_from_the_leader_gets_none()
    {
        ClassicClient client = Alone();
        long sync = client.Sync();
        Assert.Equal(0, _shard.Response<SyncGroupResponse>(sync).Assignment.Length);
    }

    [Fact]
    public void A_third_member_makes_the_others_join_again()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        ClassicClient third = new(_shard, "g");
        long join = third.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, leader.Heartbeat());
        Assert.Equal(ErrorCode.RebalanceInProgress, follower.Heartbeat());
        long leaderJoin = leader.Join();
        long followerJoin = follower.Join();

        Assert.Equal(2, third.Joined(join).GenerationId);
        Assert.Equal(3, leader.Joined(leaderJoin).Members.Count);
        Assert.Empty(follower.Joined(followerJoin).Members);
        Assert.Equal(leader.MemberId, follower.Joined(followerJoin).Leader);
    }

    [Fact]
    public void Those_that_do_not_join_again_in_time_are_no_members_any_more()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        leader.SessionTimeoutMs = 100_000;
        leader.Protocols = ["range", "roundrobin"];
        long join = leader.Join();
        for (int i = 0; i < 6; i++)
        {
            _shard.Pass(9_999);
            Assert.Equal(ErrorCode.RebalanceInProgress, follower.Heartbeat());
        }

        _shard.Pass(10);
        Assert.Equal(leader.MemberId, Assert.Single(leader.Joined(join).Members).MemberId);
        Assert.Equal(ErrorCode.UnknownMemberId, follower.Heartbeat());
    }

    [Fact]
    public void A_session_without_heartbeats_ends_and_the_others_share_the_work_anew()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        _shard.Pass(9_000);
        Assert.Equal(ErrorCode.None, follower.Heartbeat());
        _shard.Pass(1_000);
        Assert.Equal(ErrorCode.RebalanceInProgress, follower.Heartbeat());
        Assert.Equal(ErrorCode.UnknownMemberId, leader.Heartbeat());
        long join = follower.Join();
        JoinGroupResponse joined = follower.Joined(join);
        Assert.Equal(follower.MemberId, joined.Leader);
        Assert.Single(joined.Members);
    }

    [Fact]
    public void A_commit_keeps_the_session_alive()
    {
        _shard.Topics.Add("t");
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        _shard.Pass(9_000);
        Assert.Equal(ErrorCode.None, leader.Commit("t", 0, 5));
        Assert.Equal(ErrorCode.None, follower.Heartbeat());
        _shard.Pass(9_000);
        Assert.Equal(ErrorCode.None, leader.Heartbeat());
    }

    [Fact]
    public void Who_asks_for_its_work_again_is_alive()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        _shard.Pass(9_000);
        Assert.Equal(ErrorCode.None, follower.Heartbeat());
        Assert.Equal(ErrorCode.None, _shard.Response<SyncGroupResponse>(leader.Sync()).ErrorCode);
        _shard.Pass(9_000);
        Assert.Equal(ErrorCode.None, leader.Heartbeat());
    }

    [Fact]
    public void Those_that_have_joined_but_do_not_ask_for_their_work_are_taken_out()
    {
        ClassicClient leader = new(_shard, "g") { SessionTimeoutMs = 200_000 };
        ClassicClient silent = new(_shard, "g") { SessionTimeoutMs = 200_000 };
        long leaderJoin = leader.Join();
        long silentJoin = silent.Join();
        _shard.Pass(6_000);
        leader.Joined(leaderJoin);
        silent.Joined(silentJoin);
        leader.Sync((leader.MemberId, [1]));
        _shard.Pass(59_000);
        Assert.Equal(ErrorCode.None, leader.Heartbeat());
        _shard.Pass(1_000);
        Assert.Equal(ErrorCode.UnknownMemberId, silent.Heartbeat());
        Assert.Equal(ErrorCode.RebalanceInProgress, leader.Heartbeat());
    }

    [Fact]
    public void One_that_leaves_is_missed_at_once()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        Assert.Equal(ErrorCode.None, Assert.Single(leader.Leave().Members).ErrorCode);
        Assert.Equal(ErrorCode.RebalanceInProgress, follower.Heartbeat());
        Assert.Equal(ErrorCode.None, Assert.Single(follower.Leave().Members).ErrorCode);
        Assert.Equal("Empty", _shard.Describe("g").GroupState);
        Assert.Equal(ErrorCode.UnknownMemberId, Assert.Single(follower.Leave().Members).ErrorCode);
    }

    [Fact]
    public void An_old_version_of_LeaveGroup_has_its_error_at_the_top()
    {
        LeaveGroupResponse response = _shard.Ask<LeaveGroupRequest, LeaveGroupResponse>(
            _shard.State.LeaveGroup,
            2,
            new LeaveGroupRequest { GroupId = "g", MemberId = "m" }
        );
        Assert.Equal(ErrorCode.UnknownMemberId, response.ErrorCode);
    }

    /// <summary>librdkafka#5569: a client that drops its first id holds up a group of Kafka's for the whole session.</summary>
    [Fact]
    public void An_id_that_was_given_out_and_never_used_delays_a_rebalance_for_seconds_not_for_its_session()
    {
        ClassicClient member = Alone();
        member.SessionTimeoutMs = 500_000;
        member.Protocols = ["range", "x"];
        member.RebalanceTimeoutMs = 300_000;
        new ClassicClient(_shard, "g") { SessionTimeoutMs = 250_000 }.SendJoin();
        long join = member.Join();
        Assert.False(_shard.HasResponse(join));
        _shard.Pass(3_000);
        Assert.Equal(ErrorCode.None, member.Joined(join).ErrorCode);
    }

    [Fact]
    public void An_id_that_was_given_out_still_joins_after_the_others_went_on_without_it()
    {
        ClassicClient member = Alone();
        member.Protocols = ["range", "x"];
        ClassicClient late = new(_shard, "g");
        late.MemberId = _shard.Response<JoinGroupResponse>(late.SendJoin()).MemberId;
        long join = member.Join();
        _shard.Pass(3_000);
        member.Joined(join);
        long lateJoin = late.SendJoin();
        join = member.Join();
        Assert.Equal(3, late.Joined(lateJoin).GenerationId);
        Assert.Equal(2, member.Joined(join).Members.Count);
    }

    [Fact]
    public void One_that_gives_its_unused_id_back_is_not_waited_for_and_disturbs_nobody()
    {
        ClassicClient member = Alone();
        member.Sync((member.MemberId, [1]));
        ClassicClient pending = new(_shard, "g");
        pending.MemberId = _shard.Response<JoinGroupResponse>(pending.SendJoin()).MemberId;
        Assert.Equal(ErrorCode.None, Assert.Single(pending.Leave().Members).ErrorCode);
        Assert.Equal(ErrorCode.None, member.Heartbeat());
        Assert.Equal("Stable", _shard.Describe("g").GroupState);
    }

    [Fact]
    public void A_group_that_nobody_has_joined_goes_when_offsets_expire_next()
    {
        ClassicClient client = new(_shard, "g");
        client.SendJoin();
        Assert.Single(_shard.List());
        _shard.Pass(600_000);
        Assert.Empty(_shard.List());
        Assert.Null(_shard.Records.Last().Value);
        _shard.FailOver();
        Assert.Empty(_shard.List());
    }

    [Fact]
    public void A_repeated_JoinGroup_of_a_stable_member_changes_nothing()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        JoinGroupResponse again = follower.Joined(follower.Join());
        Assert.Equal((1, leader.MemberId), (again.GenerationId, again.Leader));
        Assert.Empty(again.Members);
        Assert.Equal(ErrorCode.None, leader.Heartbeat());
    }

    [Fact]
    public void A_leader_that_joins_again_gets_a_rebalance()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        Assert.False(_shard.HasResponse(leader.Join()));
        Assert.Equal(ErrorCode.RebalanceInProgress, follower.Heartbeat());
    }

    [Fact]
    public void Of_two_JoinGroups_of_one_member_the_last_one_counts_and_the_first_is_answered()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        long first = leader.Join();
        long second = leader.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Response<JoinGroupResponse>(first).ErrorCode);
        follower.Join();
        Assert.Equal(ErrorCode.None, leader.Joined(second).ErrorCode);
    }

    [Fact]
    public void The_protocol_is_the_one_that_most_like_best_of_those_that_all_know()
    {
        ClassicClient a = new(_shard, "g") { Protocols = ["only-a", "sticky", "range"] };
        ClassicClient b = new(_shard, "g") { Protocols = ["range", "sticky"] };
        ClassicClient c = new(_shard, "g") { Protocols = ["range", "sticky"] };
        long join = a.Join();
        b.Join();
        c.Join();
        _shard.Pass(9_000);
        Assert.Equal("range", a.Joined(join).ProtocolName);
    }

    [Fact]
    public void One_that_cannot_work_with_the_others_is_rejected()
    {
        TwoMembers();
        ClassicClient other = new(_shard, "g") { Protocols = ["roundrobin"] };
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _shard.Response<JoinGroupResponse>(other.Join()).ErrorCode);
        other = new(_shard, "g") { ProtocolType = "connect" };
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _shard.Response<JoinGroupResponse>(other.Join()).ErrorCode);
        other = new(_shard, "other") { Protocols = [] };
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _shard.Response<JoinGroupResponse>(other.Join()).ErrorCode);
    }

    [Theory]
    [InlineData(5_999)]
    [InlineData(1_800_001)]
    public void A_session_beyond_the_bounds_is_rejected(int sessionTimeoutMs)
    {
        ClassicClient client = new(_shard, "g") { SessionTimeoutMs = sessionTimeoutMs };
        Assert.Equal(ErrorCode.InvalidSessionTimeout, _shard.Response<JoinGroupResponse>(client.SendJoin()).ErrorCode);
    }

    [Fact]
    public void Unknown_groups_and_members_and_empty_names_are_rejected()
    {
        ClassicClient nobody = new(_shard, "g") { MemberId = "nobody" };
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Response<JoinGroupResponse>(nobody.SendJoin()).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, nobody.Heartbeat());
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Response<SyncGroupResponse>(nobody.Sync()).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Assert.Single(nobody.Leave().Members).ErrorCode);
        ClassicClient nameless = new(_shard, "") { MemberId = "m" };
        Assert.Equal(ErrorCode.InvalidGroupId, _shard.Response<JoinGroupResponse>(nameless.SendJoin()).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, nameless.Heartbeat());
        Assert.Equal(ErrorCode.InvalidGroupId, _shard.Response<SyncGroupResponse>(nameless.Sync()).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, nameless.Leave().ErrorCode);
        Assert.Empty(_shard.List());
    }

    [Fact]
    public void Another_generation_is_rejected()
    {
        (ClassicClient leader, _) = TwoMembers();
        leader.Generation = 0;
        Assert.Equal(ErrorCode.IllegalGeneration, leader.Heartbeat());
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Response<SyncGroupResponse>(leader.Sync()).ErrorCode);
    }

    [Fact]
    public void What_a_member_takes_the_protocol_for_has_to_be_right()
    {
        (ClassicClient leader, _) = TwoMembers();
        leader.Protocols = ["roundrobin"];
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _shard.Response<SyncGroupResponse>(leader.Sync()).ErrorCode);
        leader.Protocols = ["range"];
        leader.ProtocolType = "connect";
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _shard.Response<SyncGroupResponse>(leader.Sync()).ErrorCode);
    }

    [Fact]
    public void A_full_group_takes_nobody_in()
    {
        _shard.Settings.Classic = new ClassicGroupSettings { MaxSize = 2 };
        TwoMembers();
        Assert.Equal(ErrorCode.GroupMaxSizeReached, _shard.Response<JoinGroupResponse>(new ClassicClient(_shard, "g").Join()).ErrorCode);
    }

    [Fact]
    public void A_static_member_that_comes_back_keeps_its_work_and_fences_its_predecessor()
    {
        ClassicClient first = Alone("instance");
        first.Sync((first.MemberId, [7]));
        ClassicClient second = new(_shard, "g", "instance") { Generation = 1 };
        JoinGroupResponse joined = second.Joined(second.Join());

        Assert.True(joined.SkipAssignment);
        Assert.Equal((ErrorCode.None, 1, second.MemberId), (joined.ErrorCode, joined.GenerationId, joined.Leader));
        Assert.NotEqual(first.MemberId, second.MemberId);
        Assert.StartsWith("instance-", second.MemberId);
        Assert.Equal([7], _shard.Response<SyncGroupResponse>(second.Sync()).Assignment.ToArray());
        Assert.Equal(ErrorCode.FencedInstanceId, first.Heartbeat());
        Assert.Equal(ErrorCode.FencedInstanceId, Assert.Single(first.Leave().Members).ErrorCode);
        Assert.Equal(ErrorCode.None, second.Heartbeat());
    }

    [Fact]
    public void A_static_leader_whose_client_cannot_keep_the_assignment_is_told_the_old_leaders_id()
    {
        ClassicClient first = Alone("instance");
        first.Sync((first.MemberId, [7]));
        ClassicClient second = new(_shard, "g", "instance", version: 8);
        JoinGroupResponse joined = second.Joined(second.Join());
        Assert.Equal(first.MemberId, joined.Leader);
        Assert.Empty(joined.Members);
        Assert.False(joined.SkipAssignment);
    }

    [Fact]
    public void A_static_member_that_comes_back_while_work_is_shared_out_makes_all_join_again()
    {
        ClassicClient first = Alone("instance");
        ClassicClient second = new(_shard, "g", "instance");
        long join = second.Join();
        Assert.Equal(2, second.Joined(join).GenerationId);
    }

    [Fact]
    public void A_static_member_can_be_taken_out_by_its_name()
    {
        ClassicClient client = Alone("instance");
        client.MemberId = "";
        Assert.Equal(ErrorCode.None, Assert.Single(client.Leave().Members).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Assert.Single(client.Leave().Members).ErrorCode);
        Assert.Equal("Empty", _shard.Describe("g").GroupState);
    }

    [Fact]
    public void Another_node_goes_on_where_the_first_has_stopped()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        _shard.FailOver();
        Assert.Equal(ErrorCode.None, leader.Heartbeat());
        Assert.Equal(ErrorCode.None, follower.Heartbeat());
        Assert.Equal([2], _shard.Response<SyncGroupResponse>(follower.Sync()).Assignment.ToArray());
        _shard.Pass(10_000);
        Assert.Equal(ErrorCode.UnknownMemberId, follower.Heartbeat());
    }

    [Fact]
    public void Another_node_does_not_know_of_a_generation_that_has_no_work_yet()
    {
        (ClassicClient leader, ClassicClient follower) = TwoMembers();
        ClassicClient third = new(_shard, "g");
        long[] joins = [third.Join(), leader.Join(), follower.Join()];
        leader.Joined(joins[1]);
        _shard.FailOver();
        Assert.Equal(ErrorCode.IllegalGeneration, leader.Heartbeat());
        Assert.Equal(ErrorCode.UnknownMemberId, third.Heartbeat());
    }

    [Fact]
    public void Work_that_is_too_large_for_a_record_is_not_shared_out()
    {
        ClassicClient client = Alone();
        long sync = client.Sync((client.MemberId, new byte[1_000_001]));
        Assert.Equal(ErrorCode.UnknownServerError, _shard.Response<SyncGroupResponse>(sync).ErrorCode);
        Assert.Equal(ErrorCode.RebalanceInProgress, client.Heartbeat());
        Assert.Equal(0, GroupRecordReader.Value<GroupMetadataValue>(Assert.Single(_shard.Records))!.Generation);
    }

    [Fact]
    public void What_a_client_calls_itself_is_not_kept_without_bound()
    {
        long token = _shard.Send<JoinGroupRequest>(
            _shard.State.JoinGroup,
            9,
            new JoinGroupRequest
            {
                GroupId = "g",
                SessionTimeoutMs = 10_000,
                ProtocolType = "consumer",
                Protocols = [new JoinGroupRequest.JoinGroupProtocol { Name = "range" }],
            },
            clientId: new string('x', 32_767)
        );
        Assert.True(_shard.Response<JoinGroupResponse>(token).MemberId.Length < 2_000);
    }

    [Fact]
    public void Groups_are_listed_by_state_and_type()
    {
        TwoMembers();
        _shard.Topics.Add("t");
        _shard.Commit("simple", "t", 0, 1);
        Assert.Equal(["g", "simple"], _shard.List().Select(each => each.GroupId).Order());
        ListGroupsResponse.ListedGroup stable = Assert.Single(_shard.List(states: ["stable"]));
        Assert.Equal(("g", "consumer", "Stable", "classic"), (stable.GroupId, stable.ProtocolType, stable.GroupState, stable.GroupType));
        Assert.Equal("simple", Assert.Single(_shard.List(states: ["Empty"], types: ["CLASSIC"])).GroupId);
        Assert.Empty(_shard.List(types: ["consumer"]));
    }

    [Fact]
    public void A_group_that_does_not_exist_is_dead()
    {
        DescribeGroupsResponse.DescribedGroup group = _shard.Describe("none");
        Assert.Equal((ErrorCode.GroupIdNotFound, "Dead", "Group none not found."), (group.ErrorCode, group.GroupState, group.ErrorMessage));
        group = _shard.Describe("none", version: 5);
        Assert.Equal((ErrorCode.None, "Dead"), (group.ErrorCode, group.GroupState));
    }

    private ClassicClient Alone(string? instanceId = null)
    {
        ClassicClient client = new(_shard, "g", instanceId);
        long join = client.Join();
        _shard.Pass(3_000);
        Assert.Equal(ErrorCode.None, client.Joined(join).ErrorCode);
        return client;
    }

    private (ClassicClient Leader, ClassicClient Follower) TwoMembers()
    {
        ClassicClient leader = new(_shard, "g");
        ClassicClient follower = new(_shard, "g");
        long leaderJoin = leader.Join();
        long followerJoin = follower.Join();
        _shard.Pass(6_000);
        leader.Joined(leaderJoin);
        follower.Joined(followerJoin);
        long followerSync = follower.Sync();
        Assert.False(_shard.HasResponse(followerSync));
        long leaderSync = leader.Sync((leader.MemberId, [1]), (follower.MemberId, [2]));
        Assert.Equal([1], _shard.Response<SyncGroupResponse>(leaderSync).Assignment.ToArray());
        Assert.Equal([2], _shard.Response<SyncGroupResponse>(followerSync).Assignment.ToArray());
        return (leader, follower);
    }
}
