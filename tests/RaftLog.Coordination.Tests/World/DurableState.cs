using System.Text;
using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Offsets;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.World;

/// <summary>What a coordinator state holds durably, as text.</summary>
internal static class DurableState
{
    public static string Of(GroupCoordinatorState state)
    {
        StringBuilder text = new();
        foreach (Group group in state.Groups.All.OrderBy(each => each.Id, StringComparer.Ordinal))
        {
            if (group is ClassicGroup { Stored: { } stored })
            {
                text.AppendLine($"classic {group.Id} {Hex(GroupRecords.Classic(group.Id, stored))}");
            }
            if (group is ConsumerGroup consumer)
            {
                text.AppendLine(
                    $"consumer {consumer.Id} {consumer.Epoch} {consumer.MetadataHash} {consumer.TargetEpoch} {consumer.TargetTimestampMs}"
                );
                foreach (ConsumerMember member in consumer.Members.Values)
                {
                    text.AppendLine(
                        $"member {Hex(ConsumerRecords.Member(group.Id, member))} {Hex(ConsumerRecords.Current(group.Id, member))}"
                    );
                }

                foreach ((string memberId, IReadOnlyList<TopicIdPartition> target) in consumer.Targets)
                {
                    text.AppendLine($"target {memberId} {string.Join(' ', target)}");
                }

                foreach ((string regex, ResolvedRegex resolved) in consumer.Regexes)
                {
                    text.AppendLine($"regex {regex} {string.Join(' ', resolved.Topics)} {resolved.Version} {resolved.TimestampMs}");
                }
            }
        }

        foreach (string groupId in state.Offsets.Groups.Order(StringComparer.Ordinal))
        {
            foreach ((string topic, SortedDictionary<int, CommittedOffset> partitions) in state.Offsets.Find(groupId)!.Committed)
            {
                foreach ((int partition, CommittedOffset committed) in partitions)
                {
                    text.AppendLine($"offset {groupId} {topic}-{partition} {committed}");
                }
            }
        }

        foreach (
            (
                ProducerId producer,
                Dictionary<(string GroupId, TopicPartition Partition), CommittedOffset> staged
            ) in state.Offsets.Staged.OrderBy(each => each.Key)
        )
        {
            foreach (
                ((string groupId, TopicPartition partition), CommittedOffset committed) in staged
                    .OrderBy(each => each.Key.GroupId, StringComparer.Ordinal)
                    .ThenBy(each => each.Key.Partition)
            )
            {
                text.AppendLine($"staged {producer} {groupId} {partition} {committed}");
            }
        }

        return text.ToString();
    }

    private static string Hex(CoordinatorRecord record) => Convert.ToHexString(record.Value!.Value.Span);
}
