using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer.Assignors;

/// <summary>A member as an assignor sees it.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The name of a static member, or null.</param>
/// <param name="Topics">The topics that it subscribes to.</param>
/// <param name="Current">What its target was until now, sorted.</param>
internal sealed record AssignmentMember(
    string MemberId,
    string? InstanceId,
    IReadOnlySet<Uuid> Topics,
    IReadOnlyList<TopicIdPartition> Current
);
