namespace RaftLog.Coordination.Groups;

/// <summary>Who commits offsets.</summary>
/// <param name="MemberId">The member, or empty from outside of the group.</param>
/// <param name="InstanceId">Its static name, or null.</param>
/// <param name="Generation">Its generation in a classic group or its member epoch in a consumer group; negative from outside.</param>
/// <param name="Kind">When the commit takes effect.</param>
/// <param name="ApiVersion">The version of the request.</param>
internal readonly record struct CommitSender(string MemberId, string? InstanceId, int Generation, CommitKind Kind, short ApiVersion)
{
    /// <summary>True when the request names no member at all, as those of old producers.</summary>
    public bool NamesNobody => MemberId.Length == 0 && InstanceId is null && Generation < 0;
}
