using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Records;

/// <summary>Makes the records of consumer groups, as Kafka 4.3.1 writes them, and reads them.</summary>
internal static class ConsumerRecords
{
    public static CoordinatorRecord Group(string groupId, int epoch, long metadataHash) =>
        GroupRecords.Make(
            GroupRecordType.ConsumerGroupMetadata,
            new ConsumerGroupMetadataKey { GroupId = groupId },
            new ConsumerGroupMetadataValue { Epoch = epoch, MetadataHash = metadataHash }
        );

    public static CoordinatorRecord GroupTombstone(string groupId) =>
        GroupRecords.Tombstone(GroupRecordType.ConsumerGroupMetadata, new ConsumerGroupMetadataKey { GroupId = groupId });

    public static CoordinatorRecord Member(string groupId, ConsumerMember member) =>
        GroupRecords.Make(
            GroupRecordType.ConsumerGroupMemberMetadata,
            new ConsumerGroupMemberMetadataKey { GroupId = groupId, MemberId = member.Id },
            new ConsumerGroupMemberMetadataValue
            {
                InstanceId = member.InstanceId,
                RackId = member.RackId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                SubscribedTopicNames = [.. member.Topics],
                SubscribedTopicRegex = member.Regex,
                RebalanceTimeoutMs = member.RebalanceTimeoutMs,
                ServerAssignor = member.ServerAssignor,
                ClassicMemberMetadata = member.Classic,
            }
        );

    public static CoordinatorRecord MemberTombstone(string groupId, string memberId) =>
        GroupRecords.Tombstone(
            GroupRecordType.ConsumerGroupMemberMetadata,
            new ConsumerGroupMemberMetadataKey { GroupId = groupId, MemberId = memberId }
        );

    public static CoordinatorRecord TargetEpoch(string groupId, int epoch, long timestampMs) =>
        GroupRecords.Make(
            GroupRecordType.ConsumerGroupTargetAssignmentMetadata,
            new ConsumerGroupTargetAssignmentMetadataKey { GroupId = groupId },
            new ConsumerGroupTargetAssignmentMetadataValue { AssignmentEpoch = epoch, AssignmentTimestamp = timestampMs }
        );

    public static CoordinatorRecord TargetEpochTombstone(string groupId) =>
        GroupRecords.Tombstone(
            GroupRecordType.ConsumerGroupTargetAssignmentMetadata,
            new ConsumerGroupTargetAssignmentMetadataKey { GroupId = groupId }
        );

    public static CoordinatorRecord Target(string groupId, string memberId, IReadOnlyList<TopicIdPartition> target) =>
        GroupRecords.Make(
            GroupRecordType.ConsumerGroupTargetAssignmentMember,
            new ConsumerGroupTargetAssignmentMemberKey { GroupId = groupId, MemberId = memberId },
            new ConsumerGroupTargetAssignmentMemberValue
            {
                TopicPartitions =
                [
                    .. PartitionSets
                        .ByTopic(target)
                        .Select(topic => new ConsumerGroupTargetAssignmentMemberValue.TargetTopicPartitions
                        {
                            TopicId = topic.TopicId,
                            Partitions = topic.Partitions,
                        }),
                ],
            }
        );

    public static CoordinatorRecord TargetTombstone(string groupId, string memberId) =>
        GroupRecords.Tombstone(
            GroupRecordType.ConsumerGroupTargetAssignmentMember,
            new ConsumerGroupTargetAssignmentMemberKey { GroupId = groupId, MemberId = memberId }
        );

    public static CoordinatorRecord Current(string groupId, ConsumerMember member) =>
        GroupRecords.Make(
            GroupRecordType.ConsumerGroupCurrentMemberAssignment,
            new ConsumerGroupCurrentMemberAssignmentKey { GroupId = groupId, MemberId = member.Id },
            new ConsumerGroupCurrentMemberAssignmentValue
            {
                MemberEpoch = member.Epoch,
                PreviousMemberEpoch = member.PreviousEpoch,
                State = (sbyte)member.State,
                AssignedPartitions = Write(member.Assigned),
                PartitionsPendingRevocation = Write(member.PendingRevocation),
            }
        );

    public static CoordinatorRecord CurrentTombstone(string groupId, string memberId) =>
        GroupRecords.Tombstone(
            GroupRecordType.ConsumerGroupCurrentMemberAssignment,
            new ConsumerGroupCurrentMemberAssignmentKey { GroupId = groupId, MemberId = memberId }
        );

    public static CoordinatorRecord Regex(string groupId, string regex, ResolvedRegex resolved) =>
        GroupRecords.Make(
            GroupRecordType.ConsumerGroupRegularExpression,
            new ConsumerGroupRegularExpressionKey { GroupId = groupId, RegularExpression = regex },
            new ConsumerGroupRegularExpressionValue
            {
                Topics = [.. resolved.Topics],
                Version = resolved.Version,
                Timestamp = resolved.TimestampMs,
            }
        );

    public static CoordinatorRecord RegexTombstone(string groupId, string regex) =>
        GroupRecords.Tombstone(
            GroupRecordType.ConsumerGroupRegularExpression,
            new ConsumerGroupRegularExpressionKey { GroupId = groupId, RegularExpression = regex }
        );

    /// <summary>What a member owns, as a record says it; epochs that it does not say are the member's own.</summary>
    public static List<OwnedPartition> Read(List<ConsumerGroupCurrentMemberAssignmentValue.CurrentTopicPartitions> topics, int memberEpoch)
    {
        List<OwnedPartition> partitions = [];
        foreach (ConsumerGroupCurrentMemberAssignmentValue.CurrentTopicPartitions topic in topics)
        {
            for (int i = 0; i < topic.Partitions.Count; i++)
            {
                int since = topic.AssignmentEpochs is { } epochs && i < epochs.Count ? epochs[i] : memberEpoch;
                partitions.Add(new OwnedPartition(new TopicIdPartition(topic.TopicId, topic.Partitions[i]), since));
            }
        }

        partitions.Sort(PartitionSets.CompareOwned);
        return partitions;
    }

    private static List<ConsumerGroupCurrentMemberAssignmentValue.CurrentTopicPartitions> Write(IReadOnlyList<OwnedPartition> partitions)
    {
        List<ConsumerGroupCurrentMemberAssignmentValue.CurrentTopicPartitions> topics = [];
        foreach (OwnedPartition owned in partitions)
        {
            if (topics.Count == 0 || topics[^1].TopicId != owned.Partition.TopicId)
            {
                topics.Add(new() { TopicId = owned.Partition.TopicId, AssignmentEpochs = [] });
            }

            topics[^1].Partitions.Add(owned.Partition.Partition);
            topics[^1].AssignmentEpochs!.Add(owned.SinceEpoch);
        }

        return topics;
    }
}
