using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Offsets;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups;

/// <summary>Applies the records of <c>__consumer_offsets</c>: the only place where what is kept durably changes.</summary>
internal sealed class GroupReplay(GroupTable groups, OffsetTable offsets)
{
    private readonly ConsumerReplay _consumer = new(groups);

    public void Replay(in CoordinatorRecord record, in RecordOrigin origin)
    {
        switch (GroupRecordReader.TypeOf(record))
        {
            case GroupRecordType.LegacyOffsetCommit:
                LegacyOffsetCommitKey legacy = GroupRecordReader.Key<LegacyOffsetCommitKey>(record);
                ReplayOffset(legacy.Group, legacy.Topic, legacy.Partition, GroupRecordReader.Value<OffsetCommitValue>(record), origin);
                break;
            case GroupRecordType.OffsetCommit:
                OffsetCommitKey key = GroupRecordReader.Key<OffsetCommitKey>(record);
                ReplayOffset(key.Group, key.Topic, key.Partition, GroupRecordReader.Value<OffsetCommitValue>(record), origin);
                break;
            case GroupRecordType.GroupMetadata:
                ReplayClassic(GroupRecordReader.Key<GroupMetadataKey>(record).Group, record);
                break;
            default:
                _consumer.Replay(record);
                break;
        }
    }

    public void ReplayMarker(ProducerId producer, bool isCommit) => offsets.EndTransaction(producer, isCommit);

    /// <summary>All has been replayed: a group that has nothing but offsets is one too.</summary>
    public void Complete()
    {
        foreach (string groupId in offsets.Groups)
        {
            if (groups.Find(groupId) is null)
            {
                groups.Put(new ClassicGroup(groupId));
            }
        }
    }

    private void ReplayOffset(string groupId, string topic, int partition, OffsetCommitValue? value, in RecordOrigin origin)
    {
        if (value is null)
        {
            offsets.Delete(groupId, topic, partition);
            return;
        }

        if (groups.Find(groupId) is null)
        {
            groups.Put(new ClassicGroup(groupId));
        }

        CommittedOffset committed = new(
            value.Offset,
            value.LeaderEpoch,
            value.Metadata,
            value.CommitTimestamp,
            value.ExpireTimestamp,
            value.TopicId,
            origin.Offset
        );
        if (origin.IsTransactional)
        {
            offsets.Stage(origin.Producer.Id, groupId, topic, partition, committed);
        }
        else
        {
            offsets.Commit(groupId, topic, partition, committed);
        }
    }

    private void ReplayClassic(string groupId, in CoordinatorRecord record)
    {
        if (record.Value is not { } value)
        {
            if (groups.Find(groupId) is ClassicGroup)
            {
                groups.Remove(groupId);
            }

            return;
        }

        if (!groups.TryFind(groupId, out ClassicGroup? group))
        {
            group = new ClassicGroup(groupId);
            groups.Put(group);
        }

        // What is kept of a record must not share the bytes of the batch, which are used again.
        group.Stored = GroupRecordReader.Value<GroupMetadataValue>(new CoordinatorRecord(record.Key, value.ToArray()));
    }
}
