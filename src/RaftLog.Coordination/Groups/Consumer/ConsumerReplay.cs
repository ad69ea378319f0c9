using RaftLog.Coordination.Groups.Records;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>Applies the records of consumer groups.</summary>
internal sealed class ConsumerReplay(GroupTable groups)
{
    /// <summary>Applies a record; types that are unknown, or no longer written, are passed over.</summary>
    public void Replay(in CoordinatorRecord record)
    {
        switch (GroupRecordReader.TypeOf(record))
        {
            case GroupRecordType.ConsumerGroupMetadata:
                ReplayGroup(record);
                break;
            case GroupRecordType.ConsumerGroupMemberMetadata:
                ReplayMember(record);
                break;
            case GroupRecordType.ConsumerGroupTargetAssignmentMetadata:
                ReplayTargetEpoch(record);
                break;
            case GroupRecordType.ConsumerGroupTargetAssignmentMember:
                ReplayTarget(record);
                break;
            case GroupRecordType.ConsumerGroupCurrentMemberAssignment:
                ReplayCurrent(record);
                break;
            case GroupRecordType.ConsumerGroupRegularExpression:
                ReplayRegex(record);
                break;
        }
    }

    private void ReplayGroup(in CoordinatorRecord record)
    {
        string groupId = GroupRecordReader.Key<ConsumerGroupMetadataKey>(record).GroupId;
        if (GroupRecordReader.Value<ConsumerGroupMetadataValue>(record) is { } value)
        {
            ConsumerGroup group = GetOrAdd(groupId);
            group.Epoch = value.Epoch;
            group.MetadataHash = value.MetadataHash;
        }
        else if (Find(groupId) is not null)
        {
            groups.Remove(groupId);
        }
    }

    private void ReplayMember(in CoordinatorRecord record)
    {
        ConsumerGroupMemberMetadataKey key = GroupRecordReader.Key<ConsumerGroupMemberMetadataKey>(record);
        if (record.Value is not { } bytes)
        {
            Find(key.GroupId)?.SetMember(key.MemberId, null);
            return;
        }

        // What is kept of a record must not share the bytes of the batch, which are used again.
        ConsumerGroupMemberMetadataValue value = GroupRecordReader.Value<ConsumerGroupMemberMetadataValue>(
            new CoordinatorRecord(record.Key, bytes.ToArray())
        )!;
        ConsumerGroup group = GetOrAdd(key.GroupId);
        group.SetMember(
            key.MemberId,
            (group.Members.GetValueOrDefault(key.MemberId) ?? new ConsumerMember(key.MemberId)) with
            {
                InstanceId = value.InstanceId,
                RackId = value.RackId,
                ClientId = value.ClientId,
                ClientHost = value.ClientHost,
                Topics = [.. value.SubscribedTopicNames.Order(StringComparer.Ordinal)],
                Regex = value.SubscribedTopicRegex ?? "",
                RebalanceTimeoutMs = value.RebalanceTimeoutMs,
                ServerAssignor = value.ServerAssignor,
                Classic = value.ClassicMemberMetadata is { SupportedProtocols.Count: > 0 } classic ? classic : null,
            }
        );
    }

    private void ReplayTargetEpoch(in CoordinatorRecord record)
    {
        string groupId = GroupRecordReader.Key<ConsumerGroupTargetAssignmentMetadataKey>(record).GroupId;
        ConsumerGroupTargetAssignmentMetadataValue? value = GroupRecordReader.Value<ConsumerGroupTargetAssignmentMetadataValue>(record);
        if ((value is null ? Find(groupId) : GetOrAdd(groupId)) is { } group)
        {
            group.TargetEpoch = value?.AssignmentEpoch ?? 0;
            group.TargetTimestampMs = value?.AssignmentTimestamp ?? 0;
        }
    }

    private void ReplayTarget(in CoordinatorRecord record)
    {
        ConsumerGroupTargetAssignmentMemberKey key = GroupRecordReader.Key<ConsumerGroupTargetAssignmentMemberKey>(record);
        if (GroupRecordReader.Value<ConsumerGroupTargetAssignmentMemberValue>(record) is not { } value)
        {
            Find(key.GroupId)?.SetTarget(key.MemberId, null);
            return;
        }

        List<TopicIdPartition> target =
        [
            .. value.TopicPartitions.SelectMany(topic =>
                topic.Partitions.Select(partition => new TopicIdPartition(topic.TopicId, partition))
            ),
        ];
        target.Sort(PartitionSets.Compare);
        GetOrAdd(key.GroupId).SetTarget(key.MemberId, target);
    }

    private void ReplayCurrent(in CoordinatorRecord record)
    {
        ConsumerGroupCurrentMemberAssignmentKey key = GroupRecordReader.Key<ConsumerGroupCurrentMemberAssignmentKey>(record);
        ConsumerGroupCurrentMemberAssignmentValue? value = GroupRecordReader.Value<ConsumerGroupCurrentMemberAssignmentValue>(record);
        if (value is null)
        {
            if (Find(key.GroupId) is { } known && known.Members.TryGetValue(key.MemberId, out ConsumerMember? member))
            {
                known.SetMember(
                    key.MemberId,
                    member with
                    {
                        Epoch = 0,
                        PreviousEpoch = 0,
                        State = ConsumerMemberState.Stable,
                        Assigned = [],
                        PendingRevocation = [],
                    }
                );
            }

            return;
        }

        ConsumerGroup group = GetOrAdd(key.GroupId);
        group.SetMember(
            key.MemberId,
            (group.Members.GetValueOrDefault(key.MemberId) ?? new ConsumerMember(key.MemberId)) with
            {
                Epoch = value.MemberEpoch,
                PreviousEpoch = value.PreviousMemberEpoch,
                State = (ConsumerMemberState)value.State,
                Assigned = ConsumerRecords.Read(value.AssignedPartitions, value.MemberEpoch),
                PendingRevocation = ConsumerRecords.Read(value.PartitionsPendingRevocation, value.MemberEpoch),
            }
        );
    }

    private void ReplayRegex(in CoordinatorRecord record)
    {
        ConsumerGroupRegularExpressionKey key = GroupRecordReader.Key<ConsumerGroupRegularExpressionKey>(record);
        ConsumerGroupRegularExpressionValue? value = GroupRecordReader.Value<ConsumerGroupRegularExpressionValue>(record);
        if ((value is null ? Find(key.GroupId) : GetOrAdd(key.GroupId)) is { } group)
        {
            group.SetRegex(
                key.RegularExpression,
                value is null ? null : new ResolvedRegex([.. value.Topics.Order(StringComparer.Ordinal)], value.Version, value.Timestamp)
            );
        }
    }

    private ConsumerGroup? Find(string groupId) => groups.Find(groupId) as ConsumerGroup;

    /// <summary>The group; a classic one of the same name ends with the first record of a consumer group.</summary>
    private ConsumerGroup GetOrAdd(string groupId)
    {
        if (Find(groupId) is { } found)
        {
            return found;
        }

        ConsumerGroup group = new(groupId);
        groups.Put(group);
        return group;
    }
}
