using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Tests.Groups;

/// <summary>Consumer groups (KIP-848). What is said of Kafka here was seen on a node of Kafka 4.3.1.</summary>
public sealed class ConsumerGroupTests
{
    private readonly Shard _shard = new();

    public ConsumerGroupTests() => _shard.Topics.Add("t", partitions: 4);

    [Fact]
    public void The_first_member_gets_all_partitions_at_once_with_epoch_2()
    {
        ConsumerClient first = new(_shard, "g", "m1");
        ConsumerGroupHeartbeatResponse response = first.Join();
        Assert.Equal(
            (ErrorCode.None, 2, 5_000, "m1"),
            (response.ErrorCode, response.MemberEpoch, response.HeartbeatIntervalMs, response.MemberId)
        );
        Assert.Equal(["t-0", "t-1", "t-2", "t-3"], first.Owned);
        Assert.Equal("Stable", Describe("g").GroupState);
    }

    [Fact]
    public void The_records_of_the_first_member_are_those_of_Kafka()
    {
        new ConsumerClient(_shard, "g", "m1").Join();
        Assert.Equal(
            [
                GroupRecordType.ConsumerGroupMemberMetadata,
                GroupRecordType.ConsumerGroupMetadata,
                GroupRecordType.ConsumerGroupTargetAssignmentMember,
                GroupRecordType.ConsumerGroupTargetAssignmentMetadata,
                GroupRecordType.ConsumerGroupCurrentMemberAssignment,
            ],
            _shard.Records.Select(record => GroupRecordReader.TypeOf(record))
        );
        ConsumerGroupCurrentMemberAssignmentValue current = GroupRecordReader.Value<ConsumerGroupCurrentMemberAssignmentValue>(
            _shard.Records.Last()
        )!;
        Assert.Equal((2, 0, (sbyte)0), (current.MemberEpoch, current.PreviousMemberEpoch, current.State));
        Assert.Equal([2, 2, 2, 2], Assert.Single(current.AssignedPartitions).AssignmentEpochs);
        ConsumerGroupMemberMetadataValue member = GroupRecordReader.Value<ConsumerGroupMemberMetadataValue>(_shard.Records.First())!;
        Assert.Null(member.ClassicMemberMetadata);
        Assert.Equal("", member.SubscribedTopicRegex);
    }

    [Fact]
    public void A_second_member_gets_partitions_after_the_assignment_interval_once_the_first_revoked_them()
    {
        ConsumerClient first = new(_shard, "g", "m1");
        ConsumerClient second = new(_shard, "g", "m2");
        first.Join();
        _shard.Pass(500);
        Assert.Equal(2, second.Join().MemberEpoch);
        Assert.Empty(second.Owned);
        Assert.Null(first.Beat().Assignment);
        Assert.Equal("Assigning", Describe("g").GroupState);
        _shard.Pass(500);
        Assert.Equal(2, first.Beat().MemberEpoch);
        Assert.Equal(["t-0", "t-1"], first.Owned);
        second.Beat();
        Assert.Empty(second.Owned);
        Assert.Equal("Reconciling", Describe("g").GroupState);
        Assert.Equal(3, first.Beat().MemberEpoch);
        Assert.Equal(3, second.Beat().MemberEpoch);
        Assert.Equal(["t-2", "t-3"], second.Owned);
        Assert.Equal("Stable", Describe("g").GroupState);
    }

    [Fact]
    public void A_heartbeat_that_changes_nothing_writes_nothing()
    {
        ConsumerClient client = new(_shard, "g", "m1");
        client.Join();
        int records = _shard.Records.Count();
        client.Beat();
        _shard.Topics.Add("other");
        client.Beat();
        Assert.Equal(records, _shard.Records.Count());
    }

    [Fact]
    public void One_that_does_not_give_up_its_partitions_in_time_is_taken_out()
    {
        (ConsumerClient first, ConsumerClient second) = TwoMembers(balanced: false);
        Assert.NotNull(first.BeatOnly().Assignment);
        for (int i = 0; i < 4; i++)
        {
            _shard.Pass(1_000);
            first.BeatOnly();
        }

        Assert.Equal(ErrorCode.None, first.BeatOnly().ErrorCode);
        _shard.Pass(1_000);
        Assert.Equal(ErrorCode.UnknownMemberId, first.BeatOnly().ErrorCode);
        _shard.Pass(1_000);
        second.Beat();
        Assert.Equal(4, second.Owned.Count);
    }

    [Fact]
    public void A_session_without_heartbeats_ends()
    {
        (ConsumerClient first, ConsumerClient second) = TwoMembers();
        _shard.Pass(44_000);
        second.Beat();
        _shard.Pass(1_000);
        second.Beat();
        Assert.Equal(4, second.Owned.Count);
        Assert.Equal(ErrorCode.UnknownMemberId, first.Beat().ErrorCode);
        Assert.Equal("Member m1 is not a member of group g.", first.Beat().ErrorMessage);
    }

    [Fact]
    public void One_that_leaves_makes_room_at_once()
    {
        (ConsumerClient first, ConsumerClient second) = TwoMembers();
        _shard.Pass(1_000);
        Assert.Equal((ErrorCode.None, -1), (first.Leave().ErrorCode, -1));
        second.Beat();
        Assert.Equal(4, second.Owned.Count);
        Assert.Equal(ErrorCode.UnknownMemberId, first.Leave().ErrorCode);
        second.Leave();
        Assert.Equal("Empty", Describe("g").GroupState);
        Assert.Equal(ErrorCode.None, _shard.DeleteGroup("g"));
        Assert.Equal(ErrorCode.GroupIdNotFound, Describe("g").ErrorCode);
    }

    [Fact]
    public void Epochs_that_the_member_cannot_have_are_fenced()
    {
        (ConsumerClient first, _) = TwoMembers();
        first.Epoch = 9;
        ConsumerGroupHeartbeatResponse response = first.BeatOnly();
        Assert.Equal(ErrorCode.FencedMemberEpoch, response.ErrorCode);
        Assert.Equal(
            "The consumer group member has a greater member epoch (9) than the one known by the group coordinator (3). "
                + "The member must abandon all its partitions and rejoin.",
            response.ErrorMessage
        );
        first.Epoch = 2;
        Assert.Equal(ErrorCode.FencedMemberEpoch, first.BeatOnly().ErrorCode);
        Assert.Equal(ErrorCode.None, first.Beat().ErrorCode);
        Assert.Equal(3, first.Epoch);
    }

    /// <summary>KIP-1251: an older member epoch is good for what the member has kept since then.</summary>
    [Fact]
    public void Commits_follow_what_the_member_has_kept()
    {
        ConsumerClient first = new(_shard, "g", "m1");
        first.Join();
        Assert.Equal(ErrorCode.None, first.Commit("t", 0, 5));
        Assert.Equal(ErrorCode.StaleMemberEpoch, first.Commit("t", 0, 5, epoch: 1));
        Assert.Equal(ErrorCode.UnsupportedVersion, _shard.Commit("g", "t", 0, 5, "m1", 2, version: 8));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Commit("g", "t", 0, 5, "nobody", 2));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Commit("g", "t", 0, 5));
        _shard.Pass(1_000);
        ConsumerClient second = new(_shard, "g", "m2");
        second.Join();
        first.Beat();
        first.Beat();
        second.Beat();
        Assert.Equal(3, first.Epoch);
        Assert.Equal(ErrorCode.None, first.Commit("t", 0, 6, epoch: 2));
        Assert.Equal(ErrorCode.StaleMemberEpoch, first.Commit("t", 3, 6, epoch: 2));
        Assert.Equal(ErrorCode.None, first.Commit("t", 3, 6));
        Assert.Equal(ErrorCode.StaleMemberEpoch, first.Commit("t", 0, 6, epoch: 4));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.CommitInTransaction(1, "g", "t", 3, 6, "m1", 2));
        Assert.Equal(ErrorCode.None, _shard.CommitInTransaction(1, "g", "t", 0, 6, "m1", 2));
    }

    [Fact]
    public void A_commit_of_several_partitions_is_rejected_whole()
    {
        (ConsumerClient first, _) = TwoMembers();
        OffsetCommitResponse response = _shard.Ask<OffsetCommitRequest, OffsetCommitResponse>(
            _shard.State.OffsetCommit,
            9,
            new OffsetCommitRequest
            {
                GroupId = "g",
                MemberId = first.MemberId,
                GenerationIdOrMemberEpoch = 2,
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0 }, new() { PartitionIndex = 3 }] }],
            }
        );
        Assert.All(Assert.Single(response.Topics).Partitions, each => Assert.Equal(ErrorCode.StaleMemberEpoch, each.ErrorCode));
    }

    [Fact]
    public void Reads_are_fenced_by_the_members_epoch()
    {
        ConsumerClient client = new(_shard, "g", "m1");
        client.Join();
        client.Commit("t", 0, 5);
        Assert.Equal((5, ErrorCode.None), _shard.Fetch("g", "t", 0, memberId: "m1", memberEpoch: 2));
        Assert.Equal((5, ErrorCode.None), _shard.Fetch("g", "t", 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, _shard.Fetch("g", "t", 0, memberId: "m1", memberEpoch: 1).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Fetch("g", "t", 0, memberId: "m2", memberEpoch: 2).Error);
    }

    [Fact]
    public void Offsets_of_subscribed_topics_are_not_deleted()
    {
        _shard.Topics.Add("other");
        _shard.Commit("g", "other", 0, 1);
        ConsumerClient client = new(_shard, "g", "m1");
        client.Join();
        client.Commit("t", 0, 5);
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, _shard.DeleteOffset("g", "t", 0));
        Assert.Equal(ErrorCode.None, _shard.DeleteOffset("g", "other", 0));
        Assert.Equal(ErrorCode.NonEmptyGroup, _shard.DeleteGroup("g"));
    }

    [Fact]
    public void More_partitions_and_new_topics_are_shared_out()
    {
        ConsumerClient client = new(_shard, "g", "m1") { Topics = ["later", "t"] };
        client.Join();
        _shard.Pass(1_000);
        _shard.Topics.Change("t", partitions: 5);
        client.Beat();
        Assert.Contains("t-4", client.Owned);
        _shard.Pass(1_000);
        _shard.Topics.Add("later");
        client.Beat();
        Assert.Contains("later-0", client.Owned);
    }

    [Fact]
    public void A_topic_that_is_gone_is_given_up_and_its_successor_is_another_topic()
    {
        ConsumerClient client = new(_shard, "g", "m1");
        client.Join();
        _shard.Pass(1_000);
        _shard.Topics.Delete("t");
        _shard.Topics.Add("t", partitions: 2);
        for (int i = 0; i < 3; i++)
        {
            client.Send(new ConsumerGroupHeartbeatRequest { TopicPartitions = [] });
        }

        Assert.Equal(2, Assert.Single(Assert.Single(Describe("g").Members).Assignment.TopicPartitions).Partitions.Count);
    }

    [Fact]
    public void Racks_make_a_rebalance_when_they_change()
    {
        ConsumerClient client = new(_shard, "g", "m1");
        client.Join();
        _shard.Pass(1_000);
        _shard.Topics.Change("t", partitions: 4, rack: "r1");
        Assert.Equal(3, client.Beat().MemberEpoch);
        Assert.Equal(4, client.Owned.Count);
    }

    [Fact]
    public void A_regular_expression_subscribes_to_what_it_matches_whole_now_and_later()
    {
        _shard.Topics.Add("orders-1");
        _shard.Topics.Add("my-orders-1");
        ConsumerClient client = new(_shard, "g", "m1") { Topics = [], Regex = "orders-[0-9]+" };
        client.Join();
        Assert.Equal(["orders-1-0"], client.Owned);
        Assert.Equal("orders-[0-9]+", Assert.Single(Describe("g").Members).SubscribedTopicRegex);
        _shard.Pass(1_000);
        _shard.Topics.Add("orders-2");
        client.Beat();
        Assert.Equal(["orders-1-0", "orders-2-0"], client.Owned);
        client.Subscribe(topics: ["t"], regex: "");
        _shard.Pass(1_000);
        client.Beat();
        client.Beat();
        Assert.Equal(["t-0", "t-1", "t-2", "t-3"], client.Owned);
        Assert.Equal(
            GroupRecordType.ConsumerGroupRegularExpression,
            GroupRecordReader.TypeOf(_shard.Records.Last(record => record.Value is null))
        );
    }

    [Fact]
    public void A_regular_expression_that_matches_nothing_yet_leaves_the_groups_epoch()
    {
        ConsumerClient client = new(_shard, "g", "m1") { Topics = [], Regex = "orders-[0-9]+" };
        Assert.Equal(1, client.Join().MemberEpoch);
        _shard.Pass(1_000);
        _shard.Topics.Add("orders-1");
        Assert.Equal(2, client.Beat().MemberEpoch);
        Assert.Equal(["orders-1-0"], client.Owned);
    }

    [Fact]
    public void A_regular_expression_that_matches_what_others_read_gets_its_share()
    {
        ConsumerClient first = new(_shard, "g", "m1");
        ConsumerClient second = new(_shard, "g", "m2") { Topics = [], Regex = "t" };
        Converge(first, second);
        Assert.Equal(2, first.Owned.Count);
        Assert.Equal(2, second.Owned.Count);
    }

    [Fact]
    public void Members_are_listed_in_the_order_of_Kafkas_table()
    {
        Converge(new ConsumerClient(_shard, "g", "member-1"), new ConsumerClient(_shard, "g", "member-2"));
        Assert.Equal(["member-2", "member-1"], Describe("g").Members.Select(member => member.MemberId));
    }

    [Fact]
    public void A_transactional_commit_that_names_no_member_is_accepted_beside_members()
    {
        new ConsumerClient(_shard, "g", "m1").Join();
        Assert.Equal(ErrorCode.None, _shard.CommitInTransaction(1, "g", "t", 0, 5));
    }

    [Fact]
    public void A_regular_expression_that_is_not_valid_is_rejected()
    {
        ConsumerClient client = new(_shard, "g", "m1") { Topics = [], Regex = "(" };
        ConsumerGroupHeartbeatResponse response = client.Join();
        Assert.Equal(ErrorCode.InvalidRegularExpression, response.ErrorCode);
        Assert.StartsWith("SubscribedTopicRegex `(` is not a valid regular expression:", response.ErrorMessage);
        Assert.Empty(_shard.List());
    }

    [Fact]
    public void The_range_assignor_gives_the_same_partitions_of_each_topic()
    {
        _shard.Topics.Add("u", partitions: 4);
        ConsumerClient first = new(_shard, "g", "m1") { Topics = ["t", "u"], Assignor = "range" };
        ConsumerClient second = new(_shard, "g", "m2") { Topics = ["t", "u"], Assignor = "range" };
        Converge(first, second);
        Assert.Equal(["t-0", "t-1", "u-0", "u-1"], first.Owned);
        Assert.Equal(["t-2", "t-3", "u-2", "u-3"], second.Owned);
        Assert.Equal("range", Describe("g").AssignorName);
    }

    [Fact]
    public void A_static_member_that_leaves_for_a_while_keeps_its_place()
    {
        ConsumerClient first = new(_shard, "g", "a", "i1");
        first.Join();
        Assert.Equal(ErrorCode.UnreleasedInstanceId, new ConsumerClient(_shard, "g", "b", "i1").Join().ErrorCode);
        Assert.Equal((ErrorCode.None, -2), (first.Leave(-2).ErrorCode, -2));
        Assert.Equal(-2, Assert.Single(Describe("g").Members).MemberEpoch);
        ConsumerClient second = new(_shard, "g", "b", "i1");
        Assert.Equal(2, second.Join().MemberEpoch);
        Assert.Equal(4, second.Owned.Count);
        first.Epoch = 2;
        ConsumerGroupHeartbeatResponse fenced = first.Beat();
        Assert.Equal(
            (ErrorCode.FencedInstanceId, "Static member a with instance id i1 was fenced by member b."),
            (fenced.ErrorCode, fenced.ErrorMessage)
        );
        Assert.Equal(ErrorCode.FencedInstanceId, first.Leave().ErrorCode);
        Assert.Equal(2, Describe("g").GroupEpoch);
        Assert.Equal(ErrorCode.None, second.Leave().ErrorCode);
        Assert.Equal((3, "Empty"), (Describe("g").GroupEpoch, Describe("g").GroupState));
    }

    [Fact]
    public void An_empty_group_waits_for_no_assignment()
    {
        // KAFKA-20442: in Kafka 4.3.1 the assignment epoch of an empty group stays behind.
        new ConsumerClient(_shard, "g", "m1").Join();
        _shard.Pass(45_000);
        Assert.Equal((3, 3, "Empty"), (Describe("g").GroupEpoch, Describe("g").AssignmentEpoch, Describe("g").GroupState));
    }

    [Fact]
    public void A_member_that_begins_anew_with_epoch_0_is_let_in_wherever_it_was()
    {
        // KAFKA-19233: it was fenced, or has lost its state; the coordinator still knows it.
        (ConsumerClient first, ConsumerClient second) = TwoMembers(balanced: false);
        first.BeatOnly();
        Assert.Equal(ConsumerMemberState.UnrevokedPartitions, StateOf(first));
        Assert.Equal((ErrorCode.None, 3), (first.Join().ErrorCode, first.Epoch));
        Assert.Equal(["t-0", "t-1"], first.Owned);
        Assert.Equal(ConsumerMemberState.Stable, StateOf(first));
        second.Beat();
        Assert.Equal((ErrorCode.None, 3), (second.Join().ErrorCode, second.Epoch));
        Assert.Equal(["t-2", "t-3"], second.Owned);
        _shard.Pass(1_000);
        ConsumerClient third = new(_shard, "g", "m3");
        third.Join();
        Assert.Equal(ConsumerMemberState.UnreleasedPartitions, StateOf(third));
        Assert.Equal((ErrorCode.None, 4), (third.Join().ErrorCode, third.Epoch));
        Assert.Empty(third.Owned);
    }

    [Fact]
    public void A_member_that_drops_a_topic_gives_its_partitions_up_before_the_next_assignment()
    {
        _shard.Topics.Add("u");
        ConsumerClient client = new(_shard, "g", "m1") { Topics = ["t", "u"] };
        client.Join();
        _shard.Pass(100);
        client.Subscribe(topics: ["u"]);
        Assert.Equal(["u-0"], client.Owned);
    }

    [Fact]
    public void A_static_member_that_does_not_come_back_goes_when_its_session_ends()
    {
        ConsumerClient first = new(_shard, "g", "a", "i1");
        first.Join();
        first.Leave(-2);
        _shard.Pass(45_000);
        Assert.Empty(Describe("g").Members);
    }

    [Fact]
    public void An_administrator_takes_members_out_by_id_and_by_name()
    {
        new ConsumerClient(_shard, "g", "a", "i1").Join();
        new ConsumerClient(_shard, "g", "b").Join();
        LeaveGroupResponse response = _shard.Ask<LeaveGroupRequest, LeaveGroupResponse>(
            _shard.State.LeaveGroup,
            5,
            new LeaveGroupRequest
            {
                GroupId = "g",
                Members =
                [
                    new LeaveGroupRequest.MemberIdentity { GroupInstanceId = "i1" },
                    new LeaveGroupRequest.MemberIdentity { MemberId = "b" },
                    new LeaveGroupRequest.MemberIdentity { MemberId = "c" },
                    new LeaveGroupRequest.MemberIdentity { MemberId = "b" },
                ],
            }
        );
        Assert.Equal(
            [ErrorCode.None, ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId],
            response.Members.Select(each => each.ErrorCode)
        );
        Assert.Equal("Empty", Describe("g").GroupState);
    }

    [Fact]
    public void Malformed_heartbeats_are_rejected_with_what_is_wrong()
    {
        ConsumerClient known = new(_shard, "g", "m1");
        known.Join();
        Assert.Equal("MemberId can't be empty.", Sent("g", "", 2, _ => { }).ErrorMessage);
        Assert.Equal("GroupId can't be empty.", Sent("", "m", 2, _ => { }).ErrorMessage);
        Assert.Equal("RebalanceTimeoutMs must be provided in first request.", Sent("g", "m", 0, _ => { }).ErrorMessage);
        Assert.Equal(
            "TopicPartitions must be empty when (re-)joining.",
            Sent("g", "m", 0, each => each.RebalanceTimeoutMs = 1).ErrorMessage
        );
        Assert.Equal(
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
            Sent("g", "m", 0, each => (each.RebalanceTimeoutMs, each.TopicPartitions) = (1, [])).ErrorMessage
        );
        Assert.Equal("InstanceId can't be null.", Sent("g", "m", -2, _ => { }).ErrorMessage);
        Assert.Equal("MemberEpoch is invalid.", Sent("g", "m", -3, _ => { }).ErrorMessage);
        Assert.Equal("InstanceId can't be empty.", Sent("g", "m", 2, each => each.InstanceId = "").ErrorMessage);
        Assert.Equal("RackId can't be empty.", Sent("g", "m", 2, each => each.RackId = "").ErrorMessage);
        ConsumerGroupHeartbeatResponse unsupported = Sent("g", "m1", 2, each => each.ServerAssignor = "bad");
        Assert.Equal(ErrorCode.UnsupportedAssignor, unsupported.ErrorCode);
        Assert.Equal("ServerAssignor bad is not supported. Supported assignors: uniform, range.", unsupported.ErrorMessage);
        Assert.Equal((ErrorCode.GroupIdNotFound, "Consumer group none not found."), Told(Sent("none", "m", 2, _ => { })));
        Assert.Equal((ErrorCode.GroupIdNotFound, "Group none not found."), Told(Sent("none", "m", -1, _ => { })));
        Assert.Equal((ErrorCode.UnknownMemberId, "Instance id i9 is unknown."), Told(Sent("g", "m1", 2, each => each.InstanceId = "i9")));
    }

    [Fact]
    public void An_old_client_gets_its_member_id_from_the_coordinator()
    {
        ConsumerGroupHeartbeatResponse response = new ConsumerClient(_shard, "g", "").Send(
            new ConsumerGroupHeartbeatRequest
            {
                RebalanceTimeoutMs = 1_000,
                SubscribedTopicNames = ["t"],
                TopicPartitions = [],
            },
            version: 0
        );
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.Equal(22, response.MemberId!.Length);
    }

    [Fact]
    public void A_full_group_takes_nobody_in()
    {
        _shard.Settings.Consumer = new ConsumerGroupSettings { MaxSize = 1 };
        new ConsumerClient(_shard, "g", "m1").Join();
        Assert.Equal(ErrorCode.GroupMaxSizeReached, new ConsumerClient(_shard, "g", "m2").Join().ErrorCode);
        Assert.Equal(ErrorCode.None, new ConsumerClient(_shard, "g", "m1").Join().ErrorCode);
    }

    [Fact]
    public void Another_node_goes_on_where_the_first_has_stopped()
    {
        (ConsumerClient first, ConsumerClient second) = TwoMembers(balanced: false);
        first.Beat();
        _shard.FailOver();
        Assert.Equal(ErrorCode.None, first.Beat().ErrorCode);
        second.Beat();
        Assert.Equal(["t-0", "t-1"], first.Owned);
        Assert.Equal(["t-2", "t-3"], second.Owned);
        _shard.Pass(45_000);
        Assert.Equal(ErrorCode.UnknownMemberId, first.Beat().ErrorCode);
    }

    [Fact]
    public void An_empty_classic_group_becomes_a_consumer_group_and_keeps_its_offsets_and_back()
    {
        _shard.Commit("g", "t", 0, 7);
        ClassicClient classic = new(_shard, "g");
        long join = classic.Join();
        _shard.Pass(3_000);
        classic.Joined(join);
        ConsumerClient consumer = new(_shard, "g", "m1");
        classic.Leave();
        Assert.Equal(2, consumer.Join().MemberEpoch);
        Assert.Equal("consumer", Assert.Single(_shard.List()).GroupType);
        Assert.Equal(7, _shard.Fetch("g", "t", 0).Offset);
        _shard.FailOver();
        Assert.Equal("consumer", Assert.Single(_shard.List()).GroupType);
        consumer.Leave();
        join = new ClassicClient(_shard, "g").Join();
        _shard.Pass(3_000);
        Assert.Equal(ErrorCode.None, _shard.Response<JoinGroupResponse>(join).ErrorCode);
        Assert.Equal("classic", Assert.Single(_shard.List()).GroupType);
        _shard.FailOver();
        Assert.Equal("classic", Assert.Single(_shard.List()).GroupType);
        Assert.Equal(7, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void Groups_of_the_other_type_are_not_described()
    {
        new ConsumerClient(_shard, "c", "m1").Join();
        _shard.Commit("s", "t", 0, 1);
        Assert.Equal(
            (ErrorCode.GroupIdNotFound, "Group c is not a classic group."),
            (_shard.Describe("c").ErrorCode, _shard.Describe("c").ErrorMessage)
        );
        Assert.Equal(
            (ErrorCode.GroupIdNotFound, "Group s is not a consumer group."),
            (Describe("s").ErrorCode, Describe("s").ErrorMessage)
        );
        Assert.Equal((ErrorCode.GroupIdNotFound, "Group none not found."), (Describe("none").ErrorCode, Describe("none").ErrorMessage));
        Assert.Equal(ErrorCode.InvalidGroupId, Describe("").ErrorCode);
    }

    private ConsumerMemberState StateOf(ConsumerClient client) =>
        _shard.State.Groups.TryFind("g", out ConsumerGroup? group) ? group.Members[client.MemberId].State : default;

    private static (ErrorCode, string?) Told(ConsumerGroupHeartbeatResponse response) => (response.ErrorCode, response.ErrorMessage);

    private ConsumerGroupHeartbeatResponse Sent(string groupId, string memberId, int epoch, Action<ConsumerGroupHeartbeatRequest> change)
    {
        ConsumerGroupHeartbeatRequest request = new()
        {
            GroupId = groupId,
            MemberId = memberId,
            MemberEpoch = epoch,
        };
        change(request);
        return _shard.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(_shard.State.ConsumerGroupHeartbeat, 1, request);
    }

    private ConsumerGroupDescribeResponse.DescribedConsumerGroup Describe(string groupId) =>
        Assert.Single(
            _shard
                .Ask<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(
                    _shard.State.ConsumerGroupDescribe,
                    1,
                    new ConsumerGroupDescribeRequest { GroupIds = [groupId] }
                )
                .Groups
        );

    /// <summary>Two members of one group; without balance the first has yet to hear that it must give up partitions.</summary>
    private (ConsumerClient First, ConsumerClient Second) TwoMembers(bool balanced = true)
    {
        ConsumerClient first = new(_shard, "g", "m1");
        ConsumerClient second = new(_shard, "g", "m2");
        first.Join();
        _shard.Pass(1_000);
        second.Join();
        if (balanced)
        {
            first.Beat();
            first.Beat();
            second.Beat();
            Assert.Equal(2, second.Owned.Count);
        }

        return (first, second);
    }

    private void Converge(params ConsumerClient[] clients)
    {
        foreach (ConsumerClient client in clients)
        {
            client.Join();
        }

        for (int round = 0; round < 4; round++)
        {
            _shard.Pass(1_000);
            foreach (ConsumerClient client in clients)
            {
                client.Beat();
            }
        }
    }
}
