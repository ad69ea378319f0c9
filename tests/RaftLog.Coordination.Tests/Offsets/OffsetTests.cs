using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Offsets;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Tests.Offsets;

public sealed class OffsetTests
{
    private const long Week = 7L * 24 * 60 * 60 * 1000;
    private readonly Shard _shard = new();

    public OffsetTests() => _shard.Topics.Add("t", partitions: 4);

    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(10)]
    public void A_commit_from_outside_makes_a_group_of_offsets_only(short version)
    {
        Assert.Equal(ErrorCode.None, _shard.Commit("g", "t", 3, 42, version: version, metadata: "note"));
        Assert.Equal((42, ErrorCode.None), _shard.Fetch("g", "t", 3));
        Assert.Equal((42, ErrorCode.None), _shard.Fetch("g", "t", 3, version: 10));
        Assert.Equal((-1, ErrorCode.None), _shard.Fetch("g", "t", 2));
        Assert.Equal((-1, ErrorCode.None), _shard.Fetch("other", "t", 3));
        Assert.Equal("Empty", _shard.Describe("g").GroupState);
    }

    [Fact]
    public void Offset_records_are_those_of_Kafka_with_the_topics_id()
    {
        _shard.Commit("g", "t", 0, 1);
        CoordinatorRecord record = Assert.Single(_shard.Records);
        Assert.Equal([0, 1], record.Key[..2].ToArray());
        Assert.Equal([0, 4], record.Value!.Value[..2].ToArray());
        Assert.True(_shard.Topics.TryFind("t", out Topics.TopicFacts? topic));
        Assert.Equal(topic.Id, GroupRecordReader.Value<OffsetCommitValue>(record)!.TopicId);
    }

    [Fact]
    public void An_explicit_retention_makes_a_record_of_version_1()
    {
        _shard.Commit("g", "t", 0, 1, version: 4, retentionMs: 5_000);
        Assert.Equal([0, 1], Assert.Single(_shard.Records).Value!.Value[..2].ToArray());
    }

    [Fact]
    public void Topics_and_partitions_that_do_not_exist_are_rejected()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _shard.Commit("g", "none", 0, 1));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _shard.Commit("g", "t", 4, 1));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _shard.Commit("g", "t", -1, 1));
        Assert.Equal(ErrorCode.UnknownTopicId, _shard.Commit("g", "none", 0, 1, version: 10));
        Assert.Equal(ErrorCode.UnknownTopicId, _shard.Fetch("g", "none", 0, version: 10).Error);
        Assert.Empty(_shard.List());
    }

    [Fact]
    public void Topics_whose_ids_are_unknown_come_behind_the_others()
    {
        Uuid unknown = new(98, 99);
        Assert.True(_shard.Topics.TryFind("t", out Coordination.Topics.TopicFacts? topic));
        OffsetFetchResponse response = _shard.Ask<OffsetFetchRequest, OffsetFetchResponse>(
            _shard.State.OffsetFetch,
            10,
            new OffsetFetchRequest
            {
                Groups =
                [
                    new OffsetFetchRequest.OffsetFetchGroup
                    {
                        GroupId = "g",
                        Topics =
                        [
                            new() { TopicId = unknown, PartitionIndexes = [0] },
                            new() { TopicId = topic.Id, PartitionIndexes = [0] },
                        ],
                    },
                ],
            }
        );
        Assert.Equal([topic.Id, unknown], response.Groups[0].Topics.Select(topic => topic.TopicId));
    }

    [Fact]
    public void Metadata_beyond_the_limit_is_rejected()
    {
        Assert.Equal(ErrorCode.None, _shard.Commit("g", "t", 0, 1, metadata: new string('x', 4_096)));
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, _shard.Commit("g", "t", 0, 2, metadata: new string('x', 4_097)));
        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void A_generation_of_a_group_that_does_not_exist_is_rejected()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, _shard.Commit("g", "t", 0, 1, "m", 3, version: 9));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Commit("g", "t", 0, 1, "m", 3, version: 8));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.CommitInTransaction(1, "g", "t", 0, 1, "m", 3));
    }

    [Fact]
    public void Only_members_of_the_generation_commit_while_a_group_has_members()
    {
        ClassicClient client = Member();
        client.Sync((client.MemberId, [1]));
        Assert.Equal(ErrorCode.None, client.Commit("t", 0, 5));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Commit("g", "t", 0, 1));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Commit("g", "t", 0, 1, "nobody", 1));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Commit("g", "t", 0, 1, client.MemberId, 0));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Commit("g", "t", 0, 1, client.MemberId, 1, "unknown-instance"));
        Assert.Equal(5, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void A_commit_before_the_work_is_shared_out_is_told_to_wait()
    {
        ClassicClient client = Member();
        Assert.Equal(ErrorCode.RebalanceInProgress, client.Commit("t", 0, 5));
        Assert.Equal(ErrorCode.None, _shard.CommitInTransaction(1, "g", "t", 0, 5, client.MemberId, client.Generation));
    }

    [Fact]
    public void All_offsets_of_a_group_are_read_at_once()
    {
        _shard.Topics.Add("u", partitions: 2);
        _shard.Commit("g", "t", 1, 10);
        _shard.Commit("g", "u", 0, 20);
        OffsetFetchResponse response = _shard.Ask<OffsetFetchRequest, OffsetFetchResponse>(
            _shard.State.OffsetFetch,
            10,
            new OffsetFetchRequest { Groups = [new OffsetFetchRequest.OffsetFetchGroup { GroupId = "g", Topics = null }] }
        );
        Assert.Equal(
            [10L, 20L],
            Assert.Single(response.Groups).Topics.SelectMany(topic => topic.Partitions).Select(each => each.CommittedOffset.Value)
        );
        Assert.All(response.Groups[0].Topics, topic => Assert.NotEqual(Uuid.Zero, topic.TopicId));
        response = _shard.Ask<OffsetFetchRequest, OffsetFetchResponse>(
            _shard.State.OffsetFetch,
            5,
            new OffsetFetchRequest { GroupId = "g", Topics = null }
        );
        Assert.Equal(["t", "u"], response.Topics.Select(topic => topic.Name));
    }

    [Fact]
    public void A_transactions_commit_takes_effect_with_its_marker()
    {
        _shard.Commit("g", "t", 0, 1);
        Assert.Equal(ErrorCode.None, _shard.CommitInTransaction(7, "g", "t", 0, 2));
        Assert.Equal((1, ErrorCode.None), _shard.Fetch("g", "t", 0));
        Assert.Equal((-1, ErrorCode.UnstableOffsetCommit), _shard.Fetch("g", "t", 0, requireStable: true));
        _shard.Mark(8, isCommit: true);
        Assert.Equal((1, ErrorCode.None), _shard.Fetch("g", "t", 0));
        _shard.Mark(7, isCommit: true);
        Assert.Equal((2, ErrorCode.None), _shard.Fetch("g", "t", 0, requireStable: true));
        _shard.CommitInTransaction(7, "g", "t", 0, 3);
        _shard.Mark(7, isCommit: false);
        Assert.Equal((2, ErrorCode.None), _shard.Fetch("g", "t", 0, requireStable: true));
    }

    /// <summary>redpanda#31483: what counts is the place in the log, live as after a replay.</summary>
    [Fact]
    public void A_plain_commit_that_comes_after_a_transactional_one_stays_when_the_transaction_ends_later()
    {
        _shard.CommitInTransaction(7, "g", "t", 0, 2);
        _shard.Commit("g", "t", 0, 9);
        _shard.Mark(7, isCommit: true);
        Assert.Equal(9, _shard.Fetch("g", "t", 0).Offset);
    }

    /// <summary>redpanda#31483, the other way round.</summary>
    [Fact]
    public void A_transactional_commit_that_comes_after_a_plain_one_counts()
    {
        _shard.Commit("g", "t", 0, 9);
        _shard.CommitInTransaction(7, "g", "t", 0, 2);
        _shard.Mark(7, isCommit: true);
        Assert.Equal(2, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void Another_node_knows_what_transactions_have_staged()
    {
        _shard.CommitInTransaction(7, "g", "t", 0, 2);
        _shard.FailOver();
        Assert.Equal(ErrorCode.UnstableOffsetCommit, _shard.Fetch("g", "t", 0, requireStable: true).Error);
        _shard.Mark(7, isCommit: true);
        Assert.Equal(2, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void Records_of_a_transaction_carry_its_producer()
    {
        _shard.CommitInTransaction(7, "g", "t", 0, 2);
        Assert.Equal(Uuid.Zero, GroupRecordReader.Value<OffsetCommitValue>(Assert.Single(_shard.Records))!.TopicId);
    }

    [Fact]
    public void Offsets_of_a_group_without_members_expire_a_week_after_their_commit()
    {
        _shard.Commit("g", "t", 0, 1);
        _shard.Pass(Week - 1);
        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
        _shard.Pass(600_000);
        Assert.Equal(-1, _shard.Fetch("g", "t", 0).Offset);
        Assert.Empty(_shard.List());
    }

    [Fact]
    public void Offsets_of_a_group_that_has_had_members_expire_a_week_after_the_last_one_left()
    {
        ClassicClient client = Member();
        client.Sync((client.MemberId, [1]));
        client.Commit("t", 0, 1);
        for (long passed = 0; passed < Week + 600_000; passed += 9_000_000)
        {
            KeepAlive(client, 9_000_000);
        }

        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
        client.Leave();
        _shard.Pass(Week - 1_000);
        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
        _shard.Pass(700_000);
        Assert.Equal(-1, _shard.Fetch("g", "t", 0).Offset);
        Assert.Empty(_shard.List());
    }

    [Fact]
    public void Offsets_of_topics_that_a_group_no_longer_subscribes_to_expire_while_it_lives()
    {
        _shard.Topics.Add("old");
        _shard.Commit("g", "old", 0, 1);
        ClassicClient client = Member();
        client.Sync((client.MemberId, [1]));
        client.Commit("t", 0, 1);
        for (long passed = 0; passed < Week + 600_000; passed += 9_000_000)
        {
            KeepAlive(client, 9_000_000);
        }

        Assert.Equal(-1, _shard.Fetch("g", "old", 0).Offset);
        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void An_offset_with_a_time_of_its_own_expires_then()
    {
        _shard.Commit("g", "t", 0, 1, version: 4, retentionMs: 500_000);
        _shard.Pass(600_000);
        Assert.Equal(-1, _shard.Fetch("g", "t", 0).Offset);
    }

    /// <summary>redpanda#31483: a tombstone of the expiry would outlive the commit at the next replay.</summary>
    [Fact]
    public void Expiry_never_touches_what_a_transaction_has_staged()
    {
        _shard.Commit("g", "t", 0, 1);
        _shard.Commit("g", "t", 1, 1);
        _shard.CommitInTransaction(7, "g", "t", 0, 2);
        _shard.Pass(Week + 600_000);
        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
        Assert.Equal(-1, _shard.Fetch("g", "t", 1).Offset);
        Assert.Single(_shard.List());
        _shard.Mark(7, isCommit: true);
        Assert.Equal(2, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void Many_expired_offsets_go_in_batches_of_a_bounded_size()
    {
        long offset = 0;
        Outbox commit = new();
        for (int group = 0; group < 3 * OffsetDeletion.MaxRecords / 4; group++)
        {
            commit.Clear();
            OffsetCommitRequest request = new()
            {
                GroupId = $"g{group}",
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0 }, new() { PartitionIndex = 1 }] }],
            };
            _shard.State.OffsetCommit(new GroupCaller(default, 9, "", "", default), request, _shard.Now, commit);
            foreach (CoordinatorRecord record in commit.Records)
            {
                _shard.State.Replay(record, new RecordOrigin(new Offset(offset++), ProducerStamp.None));
            }
        }

        Outbox outbox = new();
        CoordinatorTime later = new(long.MaxValue / 2, _shard.Now.WallMs + Week);
        _shard.State.Tick(later, outbox);
        Assert.InRange(outbox.Records.Count, OffsetDeletion.MaxRecords, OffsetDeletion.MaxRecords + 3);
        Assert.InRange(_shard.State.NextDeadlineMs, later.MonotonicMs, later.MonotonicMs + 1);
    }

    [Fact]
    public void A_deleted_topics_offsets_go_and_those_of_its_successor_stay()
    {
        _shard.Commit("g", "t", 0, 1);
        _shard.Commit("g", "t", 1, 1);
        (string, Uuid) gone = _shard.Topics.Delete("t");
        _shard.Topics.Add("t", partitions: 4);
        Assert.Equal(-1, _shard.Fetch("g", "t", 0).Offset);
        _shard.Commit("g", "t", 1, 7);
        _shard.Input(outbox => _shard.State.TopicsDeleted([gone], _shard.Now, outbox));
        Assert.Null(_shard.State.Offsets.Find("g")!.Committed["t"].GetValueOrDefault(0).Metadata);
        Assert.Equal(7, _shard.Fetch("g", "t", 1).Offset);
    }

    [Fact]
    public void A_topic_made_anew_has_no_offsets_of_its_predecessor_even_before_these_are_deleted()
    {
        _shard.Commit("g", "t", 0, 5);
        _shard.Topics.Delete("t");
        _shard.Topics.Add("t", partitions: 4);
        Assert.Equal((-1, ErrorCode.None), _shard.Fetch("g", "t", 0));
        Assert.Equal((-1, ErrorCode.None), _shard.Fetch("g", "t", 0, version: 10));
    }

    [Fact]
    public void Deleting_a_group_deletes_its_offsets_and_what_is_staged_for_it()
    {
        _shard.Commit("g", "t", 0, 1);
        _shard.CommitInTransaction(7, "g", "t", 0, 2);
        _shard.CommitInTransaction(7, "g", "t", 1, 2);
        Assert.Equal(ErrorCode.None, _shard.DeleteGroup("g"));
        _shard.Mark(7, isCommit: true);
        Assert.Equal(-1, _shard.Fetch("g", "t", 0).Offset);
        Assert.Equal(-1, _shard.Fetch("g", "t", 1).Offset);
        Assert.Empty(_shard.List());
        Assert.Equal(ErrorCode.GroupIdNotFound, _shard.DeleteGroup("g"));
        Assert.Equal(ErrorCode.GroupIdNotFound, _shard.DeleteGroup(""));
    }

    [Fact]
    public void A_group_with_members_is_not_deleted()
    {
        ClassicClient client = Member();
        Assert.Equal(ErrorCode.NonEmptyGroup, _shard.DeleteGroup("g"));
        client.Leave();
        Assert.Equal(ErrorCode.None, _shard.DeleteGroup("g"));
    }

    [Fact]
    public void Offsets_are_deleted_where_nobody_subscribes()
    {
        _shard.Topics.Add("other");
        Assert.Equal(ErrorCode.GroupIdNotFound, _shard.DeleteOffset("g", "t", 0));
        _shard.Commit("g", "other", 0, 1);
        ClassicClient client = Member();
        client.Sync((client.MemberId, [1]));
        client.Commit("t", 0, 1);
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, _shard.DeleteOffset("g", "t", 0));
        Assert.Equal(ErrorCode.None, _shard.DeleteOffset("g", "other", 0));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _shard.DeleteOffset("g", "none", 0));
        Assert.Equal(ErrorCode.InvalidGroupId, _shard.DeleteOffset("", "t", 0));
        Assert.Equal(-1, _shard.Fetch("g", "other", 0).Offset);
        Assert.Equal(1, _shard.Fetch("g", "t", 0).Offset);
        client.Leave();
        Assert.Equal(ErrorCode.None, _shard.DeleteOffset("g", "t", 0));
        Assert.Equal(-1, _shard.Fetch("g", "t", 0).Offset);
    }

    [Fact]
    public void Offsets_of_a_group_that_is_not_of_consumers_are_deleted_when_it_is_empty()
    {
        ClassicClient client = new(_shard, "g") { ProtocolType = "connect" };
        long join = client.Join();
        _shard.Pass(3_000);
        client.Joined(join);
        Assert.Equal(ErrorCode.NonEmptyGroup, _shard.DeleteOffset("g", "t", 0));
    }

    private ClassicClient Member()
    {
        ClassicClient client = new(_shard, "g") { SessionTimeoutMs = 1_800_000, RebalanceTimeoutMs = 2_000_000_000 };
        long join = client.Join();
        _shard.Pass(3_000);
        Assert.Equal(ErrorCode.None, client.Joined(join).ErrorCode);
        return client;
    }

    private void KeepAlive(ClassicClient client, long ms)
    {
        for (long passed = 0; passed < ms; passed += 1_500_000)
        {
            _shard.Pass(1_500_000);
            Assert.Equal(ErrorCode.None, client.Heartbeat());
        }
    }
}
