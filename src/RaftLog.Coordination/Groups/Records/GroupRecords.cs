using RaftLog.Coordination.Offsets;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination.Groups.Records;

/// <summary>Makes the records of <c>__consumer_offsets</c>, in the versions that Kafka 4.3.1 writes.</summary>
internal static class GroupRecords
{
    private const short KeyVersion = 0;

    public static CoordinatorRecord OffsetCommit(string groupId, string topic, int partition, CommittedOffset committed)
    {
        // Version 1 is the last one that carries a time of its own at which the offset expires.
        short version = committed.ExpireTimestampMs == CommittedOffset.NoExpiry ? (short)4 : (short)1;
        return Make(
            GroupRecordType.OffsetCommit,
            new OffsetCommitKey
            {
                Group = groupId,
                Topic = topic,
                Partition = partition,
            },
            new OffsetCommitValue
            {
                Offset = committed.Offset,
                LeaderEpoch = committed.LeaderEpoch,
                Metadata = committed.Metadata,
                CommitTimestamp = committed.CommitTimestampMs,
                ExpireTimestamp = committed.ExpireTimestampMs,
                TopicId = committed.TopicId,
            },
            version
        );
    }

    public static CoordinatorRecord OffsetTombstone(string groupId, string topic, int partition) =>
        Tombstone(
            GroupRecordType.OffsetCommit,
            new OffsetCommitKey
            {
                Group = groupId,
                Topic = topic,
                Partition = partition,
            }
        );

    public static CoordinatorRecord Classic(string groupId, GroupMetadataValue value) =>
        Make(GroupRecordType.GroupMetadata, new GroupMetadataKey { Group = groupId }, value, version: 3);

    public static CoordinatorRecord ClassicTombstone(string groupId) =>
        Tombstone(GroupRecordType.GroupMetadata, new GroupMetadataKey { Group = groupId });

    public static CoordinatorRecord Make(GroupRecordType type, IMessage key, IMessage value, short version = 0) =>
        new(Key(type, key), Bytes(version, value));

    public static CoordinatorRecord Tombstone(GroupRecordType type, IMessage key) => new(Key(type, key), null);

    private static byte[] Key(GroupRecordType type, IMessage key)
    {
        WireWriter writer = new(initialCapacity: 64);
        writer.WriteInt16((short)type);
        key.Write(writer, KeyVersion);
        return writer.ToArray();
    }

    private static byte[] Bytes(short version, IMessage value)
    {
        WireWriter writer = new(initialCapacity: 64);
        writer.WriteInt16(version);
        value.Write(writer, version);
        return writer.ToArray();
    }
}
