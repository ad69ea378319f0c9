using System.Text;
using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Classic;
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
                text.AppendLine($"classic {group.Id} {Convert.ToHexString(GroupRecords.Classic(group.Id, stored).Value!.Value.Span)}");
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

        foreach ((ProducerId producer, Dictionary<(string GroupId, TopicPartition Partition), CommittedOffset> staged) in state.Offsets.Staged.OrderBy(each => each.Key))
        {
            foreach (((string groupId, TopicPartition partition), CommittedOffset committed) in staged.OrderBy(each => each.Key.GroupId, StringComparer.Ordinal).ThenBy(each => each.Key.Partition))
            {
                text.AppendLine($"staged {producer} {groupId} {partition} {committed}");
            }
        }

        return text.ToString();
    }
}
