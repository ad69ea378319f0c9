using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary>How far a group has come in one partition, and which member has it.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Committed">The next offset to read, or null where nothing is committed.</param>
/// <param name="End">The end of what can be read, or null where the partition is gone.</param>
/// <param name="Member">Who has the partition, or null.</param>
internal sealed record GroupPosition(TopicPartition Partition, long? Committed, long? End, GroupMemberDescription? Member)
{
    /// <summary>How many records are still to be read, or null where that is not known.</summary>
    public long? Lag => End - Committed;

    /// <summary>All partitions that the group has committed or that a member has, in order.</summary>
    public static async Task<IReadOnlyList<GroupPosition>> OfAsync(KafkaCluster cluster, GroupDescription group)
    {
        IReadOnlyDictionary<TopicPartition, GroupOffset> committed = await cluster.Admin.Groups.OffsetsAsync(group.Id);
        Dictionary<TopicPartition, GroupMemberDescription> members = [];
        foreach (GroupMemberDescription member in group.Members)
        {
            foreach (TopicPartition partition in member.Partitions)
            {
                members[partition] = member;
            }
        }

        SortedSet<TopicPartition> all = [.. committed.Keys, .. members.Keys];
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await FindAsync(cluster, all, OffsetSpec.Latest);
        return
        [
            .. all.Select(partition => new GroupPosition(
                partition,
                committed.TryGetValue(partition, out GroupOffset position) ? position.Offset.Value : null,
                ends.TryGetValue(partition, out FoundOffset end) ? end.Offset.Value : null,
                members.GetValueOrDefault(partition)
            )),
        ];
    }

    /// <summary>Offsets of those of some partitions that still exist.</summary>
    internal static async Task<IReadOnlyDictionary<TopicPartition, FoundOffset>> FindAsync(
        KafkaCluster cluster,
        IReadOnlyCollection<TopicPartition> partitions,
        OffsetSpec spec
    )
    {
        string[] names = [.. partitions.Select(each => each.Topic).Distinct(StringComparer.Ordinal)];
        HashSet<TopicPartition> existing =
        [
            .. (names.Length == 0 ? [] : await cluster.Admin.DescribeTopicsAsync(names)).SelectMany(topic =>
                topic.Partitions.Select(each => new TopicPartition(topic.Name, each.Index))
            ),
        ];
        Dictionary<TopicPartition, OffsetSpec> wanted = partitions.Where(existing.Contains).ToDictionary(each => each, _ => spec);
        return wanted.Count == 0 ? new Dictionary<TopicPartition, FoundOffset>() : await cluster.Admin.ListOffsetsAsync(wanted);
    }
}
