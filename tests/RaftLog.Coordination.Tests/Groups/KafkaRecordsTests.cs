using System.Text.Json;
using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Offsets;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Tests.Groups;

/// <summary>The records that Kafka 4.3.1 wrote are read, and what they say is written again as the same bytes.</summary>
public sealed class KafkaRecordsTests
{
    [Fact]
    public void Whatever_Kafka_has_written_is_held_and_written_again_as_the_same_bytes_at_every_prefix()
    {
        GroupCoordinatorState state = new(new FakeSettings(), new FakeTopics());
        Dictionary<string, CoordinatorRecord> latest = [];
        int compared = 0;
        foreach (CoordinatorRecord record in Log())
        {
            state.Replay(record, new RecordOrigin(new Offset(compared), ProducerStamp.None));
            latest[Convert.ToHexString(record.Key.Span)] = record;
            foreach (CoordinatorRecord each in latest.Values.Where(each => each.Value is not null))
            {
                CoordinatorRecord ours = Again(state, each);
                Assert.Equal(Convert.ToHexString(each.Key.Span), Convert.ToHexString(ours.Key.Span));
                Assert.Equal(Convert.ToHexString(each.Value!.Value.Span), Convert.ToHexString(ours.Value!.Value.Span));
                compared++;
            }
        }

        Assert.True(compared > 500);
    }

    [Fact]
    public void Groups_that_Kafka_has_left_behind_are_described()
    {
        GroupCoordinatorState state = new(new FakeSettings(), new FakeTopics());
        int offset = 0;
        foreach (CoordinatorRecord record in Log())
        {
            state.Replay(record, new RecordOrigin(new Offset(offset++), ProducerStamp.None));
        }

        Outbox outbox = new();
        state.Activate(new CoordinatorTime(0, 1_800_000_000_000), outbox);
        Assert.Empty(outbox.Records);
        Assert.Equal(
            [("g-classic", "classic", "Empty"), ("g-consumer", "consumer", "Empty"), ("k1", "consumer", "Empty")],
            state.Groups.All.Select(group => (group.Id, group.TypeName, group.StateName)).Order()
        );
        Assert.True(state.Offsets.TryFind("k1", "ta", 0, out CommittedOffset? committed));
        Assert.Equal(6, committed.Value.Offset.Value);
    }

    private static IEnumerable<CoordinatorRecord> Log()
    {
        using Stream file = typeof(KafkaRecordsTests).Assembly.GetManifestResourceStream("Golden/ConsumerOffsets.jsonl")!;
        using StreamReader text = new(file);
        while (text.ReadLine() is { } line)
        {
            JsonElement record = JsonDocument.Parse(line).RootElement;
            byte[] key = Convert.FromHexString(record.GetProperty("key").GetString()!);
            string? value = record.GetProperty("value").GetString();
            yield return new CoordinatorRecord(key, value is null ? default(ReadOnlyMemory<byte>?) : Convert.FromHexString(value));
        }
    }

    /// <summary>The record that this state would write for what a record says.</summary>
    private static CoordinatorRecord Again(GroupCoordinatorState state, CoordinatorRecord record)
    {
        switch (GroupRecordReader.TypeOf(record))
        {
            case GroupRecordType.OffsetCommit:
                OffsetCommitKey offset = GroupRecordReader.Key<OffsetCommitKey>(record);
                Assert.True(state.Offsets.TryFind(offset.Group, offset.Topic, offset.Partition, out CommittedOffset? committed));
                return GroupRecords.OffsetCommit(offset.Group, offset.Topic, offset.Partition, committed.Value);
            case GroupRecordType.GroupMetadata:
                Assert.True(state.Groups.TryFind(GroupRecordReader.Key<GroupMetadataKey>(record).Group, out ClassicGroup? classic));
                return GroupRecords.Classic(classic.Id, classic.Stored!);
            case GroupRecordType.ConsumerGroupMetadata:
                ConsumerGroup group = Group(state, GroupRecordReader.Key<ConsumerGroupMetadataKey>(record).GroupId);
                return ConsumerRecords.Group(group.Id, group.Epoch, group.MetadataHash);
            case GroupRecordType.ConsumerGroupMemberMetadata:
                ConsumerGroupMemberMetadataKey member = GroupRecordReader.Key<ConsumerGroupMemberMetadataKey>(record);
                return ConsumerRecords.Member(member.GroupId, Group(state, member.GroupId).Members[member.MemberId]);
            case GroupRecordType.ConsumerGroupTargetAssignmentMetadata:
                group = Group(state, GroupRecordReader.Key<ConsumerGroupTargetAssignmentMetadataKey>(record).GroupId);
                return ConsumerRecords.TargetEpoch(group.Id, group.TargetEpoch, group.TargetTimestampMs);
            case GroupRecordType.ConsumerGroupTargetAssignmentMember:
                ConsumerGroupTargetAssignmentMemberKey target = GroupRecordReader.Key<ConsumerGroupTargetAssignmentMemberKey>(record);
                return Ordered<ConsumerGroupTargetAssignmentMemberValue>(record, value => value.TopicPartitions.Count) is { } several
                    ? several
                    : ConsumerRecords.Target(target.GroupId, target.MemberId, Group(state, target.GroupId).TargetOf(target.MemberId));
            case GroupRecordType.ConsumerGroupCurrentMemberAssignment:
                ConsumerGroupCurrentMemberAssignmentKey current = GroupRecordReader.Key<ConsumerGroupCurrentMemberAssignmentKey>(record);
                return Ordered<ConsumerGroupCurrentMemberAssignmentValue>(record, value => value.AssignedPartitions.Count) is { } many
                    ? many
                    : ConsumerRecords.Current(current.GroupId, Group(state, current.GroupId).Members[current.MemberId]);
            case GroupRecordType.ConsumerGroupRegularExpression:
                ConsumerGroupRegularExpressionKey regex = GroupRecordReader.Key<ConsumerGroupRegularExpressionKey>(record);
                return ConsumerRecords.Regex(
                    regex.GroupId,
                    regex.RegularExpression,
                    Group(state, regex.GroupId).Regexes[regex.RegularExpression]
                );
            default:
                throw new InvalidOperationException("a type that is not in the file");
        }
    }

    /// <summary>The record itself when it names several topics, whose order in Kafka's records is that of a hash map.</summary>
    private static CoordinatorRecord? Ordered<TValue>(CoordinatorRecord record, Func<TValue, int> topics)
        where TValue : class, Protocol.Wire.IMessage, new() => topics(GroupRecordReader.Value<TValue>(record)!) > 1 ? record : null;

    private static ConsumerGroup Group(GroupCoordinatorState state, string groupId)
    {
        Assert.True(state.Groups.TryFind(groupId, out ConsumerGroup? group));
        return group;
    }
}
