using RaftLog.Protocol;

namespace RaftLog.Client.Groups.Assignors;

/// <summary>One member of a group as an assignor sees it.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">Its static name (group.instance.id), or null.</param>
/// <param name="Topics">The topics it wants.</param>
/// <param name="Owned">The partitions it owns, as it says itself.</param>
/// <param name="Generation">The generation in which it got them, or -1.</param>
/// <param name="Rack">Its rack (client.rack), or null.</param>
public sealed record GroupSubscription(
    string MemberId,
    string? InstanceId,
    IReadOnlyList<string> Topics,
    IReadOnlyList<TopicPartition> Owned,
    int Generation,
    string? Rack
) : IComparable<GroupSubscription>
{
    /// <summary>The order in which Kafka's assignors serve members: static ones first, by name; then the others, by id.</summary>
    public int CompareTo(GroupSubscription? other) =>
        (InstanceId, other?.InstanceId) switch
        {
            ({ } mine, { } others) => string.CompareOrdinal(mine, others),
            (not null, null) => -1,
            (null, not null) => 1,
            _ => string.CompareOrdinal(MemberId, other?.MemberId),
        };
}

/// <summary>
/// Shares the partitions of a classic group among its members; the leader's runs. The same input gives the same output on every machine.
/// Pure: no clock, no chance, no waiting.
/// </summary>
public interface IPartitionAssignor
{
    /// <summary>The name that all members of a group must have in common (partition.assignment.strategy).</summary>
    string Name { get; }

    /// <summary>True when members keep what they own while the group rebalances, and give up only what moves (KIP-429).</summary>
    bool IsCooperative { get; }

    /// <summary>Shares the partitions out.</summary>
    /// <param name="topics">The topics that anybody wants and that exist: for each partition the racks of its replicas, empty where
    /// unknown.</param>
    /// <param name="members">The members.</param>
    /// <returns>The partitions of every member.</returns>
    SortedDictionary<string, List<TopicPartition>> Assign(
        IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> topics,
        IReadOnlyList<GroupSubscription> members
    );
}
