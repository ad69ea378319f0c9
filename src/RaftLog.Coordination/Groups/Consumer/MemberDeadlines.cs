using RaftLog.Coordination.Deadlines;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>When a member of a consumer group has to be heard of.</summary>
internal sealed class MemberDeadlines(string groupId, string memberId)
{
    /// <summary>Its session ends.</summary>
    public Deadline Session { get; } = new(DeadlineKind.ConsumerSession, groupId, memberId);

    /// <summary>It has to have given up its partitions.</summary>
    public Deadline Rebalance { get; } = new(DeadlineKind.ConsumerRebalance, groupId, memberId);
}
