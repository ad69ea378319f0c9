using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Tests.Groups;

/// <summary>Groups that change their type while they have members.</summary>
public sealed class GroupMigrationTests
{
    private readonly Shard _shard = new();

    public GroupMigrationTests() => _shard.Topics.Add("t", partitions: 4);

    [Fact]
    public void A_classic_group_becomes_a_consumer_group_and_its_members_keep_what_they_have()
    {
        (ClassicClient first, ClassicClient second) = TwoClassic();
        ConsumerClient joiner = new(_shard, "g", "new");
        ConsumerGroupHeartbeatResponse joined = joiner.Join();
        Assert.Equal((ErrorCode.None, 2), (joined.ErrorCode, joined.MemberEpoch));
        Assert.Empty(joiner.Owned);
        Assert.Equal("consumer", Assert.Single(_shard.List()).GroupType);
        Assert.True(_shard.State.Groups.TryFind("g", out ConsumerGroup? group));
        Assert.Equal([0, 1], group.Members[first.MemberId].Assigned.Select(owned => owned.Partition.Partition));
        Assert.Equal(ErrorCode.RebalanceInProgress, first.Heartbeat());
        Assert.Equal(ErrorCode.None, first.Commit("t", 0, 5));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Commit("g", "t", 0, 5, first.MemberId, 0));
        Settle(joiner, first, second);
        Assert.Equal([0, 1, 2, 3], first.Owned.Concat(second.Owned).Concat(joiner.Owned.Select(each => int.Parse(each[2..]))).Order());
        Assert.All([first.Owned.Length, second.Owned.Length, joiner.Owned.Count], count => Assert.InRange(count, 1, 2));
        Assert.Equal(ErrorCode.None, first.Heartbeat());
    }

    [Fact]
    public void Requests_that_wait_when_a_group_changes_its_type_are_answered()
    {
        (ClassicClient first, _) = TwoClassic();
        long join = new ClassicClient(_shard, "g").Join();
        first.Join();
        new ConsumerClient(_shard, "g", "new").Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Response<JoinGroupResponse>(join).ErrorCode);
    }

    [Fact]
    public void A_new_member_of_the_classic_protocol_joins_a_consumer_group()
    {
        ConsumerClient first = new(_shard, "g", "new");
        first.Join();
        _shard.Pass(1_000);
        ClassicClient classic = new(_shard, "g");
        Assert.Equal(ErrorCode.MemberIdRequired, _shard.Response<JoinGroupResponse>(classic.SendJoin()).ErrorCode);
        JoinGroupResponse joined = classic.JoinAndSync();
        Assert.Equal((ErrorCode.None, "range", "", 3), (joined.ErrorCode, joined.ProtocolName, joined.Leader, joined.GenerationId));
        Settle(first, classic);
        Assert.Equal(2, classic.Owned.Length);
        Assert.Equal(2, first.Owned.Count);
        Assert.Equal(
            ErrorCode.IllegalGeneration,
            new ClassicClient(_shard, "g") { MemberId = classic.MemberId, Generation = 1 }.Heartbeat()
        );
        Assert.Equal(ErrorCode.UnknownMemberId, new ClassicClient(_shard, "g") { MemberId = "new", Generation = 3 }.Heartbeat());
    }

    [Fact]
    public void One_that_cannot_work_as_a_consumer_does_not_join_a_consumer_group()
    {
        new ConsumerClient(_shard, "g", "new").Join();
        ClassicClient other = new(_shard, "g") { ProtocolType = "connect" };
        JoinGroupResponse response = _shard.Response<JoinGroupResponse>(other.Join());
        Assert.Equal((ErrorCode.InconsistentGroupProtocol, ""), (response.ErrorCode, response.MemberId));
    }

    [Fact]
    public void The_group_becomes_a_classic_one_when_the_last_member_of_the_consumer_protocol_leaves()
    {
        ConsumerClient consumer = new(_shard, "g", "new");
        consumer.Join();
        ClassicClient classic = new(_shard, "g");
        classic.JoinAndSync();
        Settle(consumer, classic);
        consumer.Leave();
        Assert.Equal("classic", Assert.Single(_shard.List()).GroupType);
        Assert.Equal(
            ErrorCode.IllegalGeneration,
            new ClassicClient(_shard, "g") { MemberId = classic.MemberId, Generation = 1 }.Heartbeat()
        );
        JoinGroupResponse joined = classic.Joined(classic.Join());
        Assert.Equal((ErrorCode.None, classic.MemberId), (joined.ErrorCode, joined.Leader));
        classic.Sync((classic.MemberId, ClassicClient.Work(0, 1, 2, 3)));
        Assert.Equal(ErrorCode.None, classic.Heartbeat());
        _shard.FailOver();
        Assert.Equal(ErrorCode.None, classic.Heartbeat());
    }

    [Fact]
    public void The_group_becomes_a_classic_one_when_the_last_member_of_the_consumer_protocol_is_not_heard_of()
    {
        ConsumerClient consumer = new(_shard, "g", "new");
        consumer.Join();
        ClassicClient classic = new(_shard, "g") { SessionTimeoutMs = 1_800_000, RebalanceTimeoutMs = 1_800_000 };
        classic.JoinAndSync();
        _shard.Pass(45_000);
        Assert.Equal("classic", Assert.Single(_shard.List()).GroupType);
    }

    [Fact]
    public void Another_node_goes_on_with_members_of_both_kinds()
    {
        TwoClassic();
        ConsumerClient joiner = new(_shard, "g", "new");
        joiner.Join();
        _shard.FailOver();
        Assert.Equal(ErrorCode.None, joiner.Beat().ErrorCode);
        Assert.Equal("consumer", Assert.Single(_shard.List()).GroupType);
    }

    [Fact]
    public void A_static_member_changes_its_protocol_and_keeps_its_place()
    {
        ClassicClient classic = new(_shard, "g", "i1");
        long join = classic.Join();
        _shard.Pass(3_000);
        classic.Joined(join);
        classic.Sync((classic.MemberId, ClassicClient.Work(0, 1, 2, 3)));
        ConsumerClient consumer = new(_shard, "g", "new", "i1");
        consumer.Join();
        Assert.Equal(4, consumer.Owned.Count);
        Assert.Equal(ErrorCode.FencedInstanceId, classic.Heartbeat());
    }

    [Fact]
    public void A_member_of_the_classic_protocol_that_does_not_join_again_in_time_is_taken_out()
    {
        ConsumerClient consumer = new(_shard, "g", "new") { Topics = ["t"] };
        consumer.Join();
        ClassicClient classic = new(_shard, "g") { RebalanceTimeoutMs = 20_000, SessionTimeoutMs = 1_000_000 };
        classic.JoinAndSync();
        Settle(consumer, classic);
        _shard.Topics.Change("t", partitions: 6);
        consumer.Beat();
        Assert.Equal(ErrorCode.RebalanceInProgress, classic.Heartbeat());
        _shard.Pass(20_000);
        Assert.Equal(ErrorCode.UnknownMemberId, classic.Heartbeat());
    }

    [Theory]
    [InlineData(GroupMigrationPolicy.Disabled)]
    [InlineData(GroupMigrationPolicy.Downgrade)]
    public void Without_leave_to_upgrade_a_classic_group_with_members_stays_one(GroupMigrationPolicy policy)
    {
        _shard.Settings.Consumer = new ConsumerGroupSettings { MigrationPolicy = policy };
        TwoClassic();
        ConsumerGroupHeartbeatResponse response = new ConsumerClient(_shard, "g", "new").Join();
        Assert.Equal((ErrorCode.GroupIdNotFound, "Group g is not a consumer group."), (response.ErrorCode, response.ErrorMessage));
        Assert.Equal("Stable", _shard.Describe("g").GroupState);
    }

    [Fact]
    public void Without_leave_to_migrate_nobody_joins_a_consumer_group_with_the_classic_protocol()
    {
        _shard.Settings.Consumer = new ConsumerGroupSettings { MigrationPolicy = GroupMigrationPolicy.Disabled };
        new ConsumerClient(_shard, "g", "new").Join();
        JoinGroupResponse response = _shard.Response<JoinGroupResponse>(new ClassicClient(_shard, "g").SendJoin());
        Assert.Equal((ErrorCode.InconsistentGroupProtocol, ""), (response.ErrorCode, response.MemberId));
    }

    [Fact]
    public void A_new_member_of_the_classic_protocol_gets_its_id_before_its_subscription_is_read()
    {
        new ConsumerClient(_shard, "g", "new").Join();
        JoinGroupResponse response = _shard.Ask<JoinGroupRequest, JoinGroupResponse>(
            _shard.State.JoinGroup,
            9,
            new JoinGroupRequest
            {
                GroupId = "g",
                SessionTimeoutMs = 10_000,
                ProtocolType = "consumer",
                Protocols = [new JoinGroupRequest.JoinGroupProtocol { Name = "range" }],
            }
        );
        Assert.Equal(ErrorCode.MemberIdRequired, response.ErrorCode);
        Assert.NotEqual("", response.MemberId);
    }

    [Fact]
    public void A_group_whose_assignor_keeps_data_of_its_own_is_not_upgraded()
    {
        ClassicClient classic = new(_shard, "g");
        long join = classic.Join();
        _shard.Pass(3_000);
        classic.Joined(join);
        classic.Sync(
            (classic.MemberId, ConsumerProtocol.Write(new ConsumerProtocolAssignment { UserData = new byte[] { 1 } }, version: 3))
        );
        ConsumerGroupHeartbeatResponse response = new ConsumerClient(_shard, "g", "new").Join();
        Assert.Equal(ErrorCode.GroupIdNotFound, response.ErrorCode);
        Assert.Contains("unsupported custom assignor", response.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal("classic", Assert.Single(_shard.List()).GroupType);
        classic.Leave();
        Assert.Equal(ErrorCode.None, new ConsumerClient(_shard, "g", "new").Join().ErrorCode);
    }

    [Theory]
    [InlineData("t", "Stable")]
    [InlineData("u", "PreparingRebalance")]
    public void The_group_becomes_a_classic_one_when_its_last_consumer_comes_back_as_a_classic_one(string topic, string state)
    {
        _shard.Topics.Add("u");
        ConsumerClient consumer = new(_shard, "g", "new", "i1");
        consumer.Join();
        ClassicClient other = new(_shard, "g", "i2");
        other.JoinAndSync();
        Settle(consumer, other);
        ClassicClient back = new(_shard, "g", "i1") { Topics = [topic] };
        JoinGroupResponse joined = back.Joined(back.Join());
        Assert.Equal((ErrorCode.None, "range", ""), (joined.ErrorCode, joined.ProtocolName, joined.Leader));
        Assert.Equal(("classic", state), (Assert.Single(_shard.List()).GroupType, Assert.Single(_shard.List()).GroupState));
        _shard.FailOver();
        Assert.Equal("classic", Assert.Single(_shard.List()).GroupType);
        Assert.Equal(2, _shard.Describe("g").Members.Count);
    }

    [Fact]
    public void Without_leave_to_downgrade_a_consumer_group_stays_one()
    {
        _shard.Settings.Consumer = new ConsumerGroupSettings { MigrationPolicy = GroupMigrationPolicy.Upgrade };
        ConsumerClient consumer = new(_shard, "g", "new");
        consumer.Join();
        ClassicClient classic = new(_shard, "g");
        classic.JoinAndSync();
        consumer.Leave();
        Assert.Equal("consumer", Assert.Single(_shard.List()).GroupType);
        _shard.Pass(1_000);
        Assert.Equal(ErrorCode.RebalanceInProgress, classic.Heartbeat());
        classic.JoinAndSync();
        Assert.Equal(4, classic.Owned.Length);
    }

    private (ClassicClient First, ClassicClient Second) TwoClassic()
    {
        ClassicClient first = new(_shard, "g");
        ClassicClient second = new(_shard, "g");
        long firstJoin = first.Join();
        long secondJoin = second.Join();
        _shard.Pass(6_000);
        first.Joined(firstJoin);
        second.Joined(secondJoin);
        first.Sync((first.MemberId, ClassicClient.Work(0, 1)), (second.MemberId, ClassicClient.Work(2, 3)));
        first.Owned = [0, 1];
        second.Owned = [2, 3];
        return (first, second);
    }

    private void Settle(ConsumerClient consumer, params ClassicClient[] classic)
    {
        for (int round = 0; round < 6; round++)
        {
            _shard.Pass(1_000);
            consumer.Beat();
            foreach (ClassicClient each in classic.Where(each => each.Heartbeat() == ErrorCode.RebalanceInProgress))
            {
                each.JoinAndSync();
            }
        }
    }
}
