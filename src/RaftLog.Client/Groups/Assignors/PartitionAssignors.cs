namespace RaftLog.Client.Groups.Assignors;

/// <summary>The assignors that come with Kafka's clients.</summary>
public static class PartitionAssignors
{
    /// <summary>
    /// Of each topic a range of neighbouring partitions to each member; the same range of topics that are alike, and near replicas first
    /// (KIP-881).
    /// </summary>
    public static IPartitionAssignor Range { get; } = new RangeAssignor();

    /// <summary>One partition to each member in turn, over all topics.</summary>
    public static IPartitionAssignor RoundRobin { get; } = new RoundRobinAssignor();

    /// <summary>As even as can be, with as few moves as can be; everything stops while the group rebalances (KIP-54).</summary>
    public static IPartitionAssignor Sticky { get; } = new StickyAssignor("sticky", isCooperative: false);

    /// <summary>As even as can be, with as few moves as can be; only what moves stops while the group rebalances (KIP-429).</summary>
    public static IPartitionAssignor CooperativeSticky { get; } = new StickyAssignor("cooperative-sticky", isCooperative: true);
}
