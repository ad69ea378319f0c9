using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>ConsumerGroupDescribe.</summary>
internal sealed class ConsumerDescription(IGroupSettings settings, ITopicsView topics, GroupTable groups)
{
    private const sbyte ClassicProtocol = 0;
    private const sbyte ConsumerProtocol = 1;

    public ConsumerGroupDescribeResponse Describe(ConsumerGroupDescribeRequest request) =>
        new()
        {
            Groups =
            [
                .. request.GroupIds.Select(groupId =>
                    groups.Find(groupId) switch
                    {
                        _ when groupId.Length == 0 => new() { ErrorCode = ErrorCode.InvalidGroupId },
                        ConsumerGroup group => Describe(group),
                        null => NotFound(groupId, $"Group {groupId} not found."),
                        _ => NotFound(groupId, $"Group {groupId} is not a consumer group."),
                    }
                ),
            ],
        };

    private ConsumerGroupDescribeResponse.DescribedConsumerGroup Describe(ConsumerGroup group) =>
        new()
        {
            GroupId = group.Id,
            GroupState = group.StateName,
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.TargetEpoch,
            AssignorName = TargetAssignment.SelectAssignor(group.Members.Values, settings.ConsumerGroup(group.Id)),
            Members =
            [
                .. group
                    .Members.Values.OrderBy(member => member.Id, ListingOrder.Instance)
                    .Select(member => new ConsumerGroupDescribeResponse.ConsumerGroupMember
                    {
                        MemberId = member.Id,
                        InstanceId = member.InstanceId,
                        RackId = member.RackId,
                        MemberEpoch = member.Epoch,
                        ClientId = member.ClientId,
                        ClientHost = member.ClientHost,
                        SubscribedTopicNames = [.. member.Topics],
                        SubscribedTopicRegex = member.Regex,
                        Assignment = Assignment(member.Assigned.Concat(member.PendingRevocation).Select(owned => owned.Partition)),
                        TargetAssignment = Assignment(group.TargetOf(member.Id)),
                        MemberType = member.Classic is null ? ConsumerProtocol : ClassicProtocol,
                    }),
            ],
        };

    private ConsumerGroupDescribeResponse.MemberAssignment Assignment(IEnumerable<TopicIdPartition> partitions)
    {
        ConsumerGroupDescribeResponse.MemberAssignment assignment = new();
        foreach (
            (Uuid topicId, List<int> indexes) in PartitionSets.ByTopic(
                partitions.OrderBy(each => each.TopicId).ThenBy(each => each.Partition)
            )
        )
        {
            if (topics.TryFind(topicId, out TopicFacts? topic))
            {
                assignment.TopicPartitions.Add(
                    new()
                    {
                        TopicId = topicId,
                        TopicName = topic.Name,
                        Partitions = indexes,
                    }
                );
            }
        }

        return assignment;
    }

    private static ConsumerGroupDescribeResponse.DescribedConsumerGroup NotFound(string groupId, string message) =>
        new()
        {
            GroupId = groupId,
            ErrorCode = ErrorCode.GroupIdNotFound,
            ErrorMessage = ErrorText.InShort(message),
        };
}
