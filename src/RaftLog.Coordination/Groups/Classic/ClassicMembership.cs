using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>Who counts as a member of a classic group, and what a member may commit.</summary>
internal static partial class ClassicMembership
{
    /// <summary>NONE when the id is that of a member, and the static name, where there is one, belongs to it.</summary>
    public static ErrorCode Validate(ClassicGroup group, string memberId, string? instanceId)
    {
        if (instanceId is not null)
        {
            string? owner = group.StaticMember(instanceId);
            if (owner is null)
            {
                return ErrorCode.UnknownMemberId;
            }

            if (owner != memberId)
            {
                return ErrorCode.FencedInstanceId;
            }
        }

        return group.Members.ContainsKey(memberId) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    static partial void SeededBugAdmitsEarlierGeneration(ref bool isNoMembers);

    /// <summary>
    /// NONE when the sender may commit offsets now. A commit of a transaction comes from the consumer's producer, which may not know the
    /// member.
    /// </summary>
    public static ErrorCode ValidateCommit(ClassicGroup group, in CommitSender sender)
    {
        bool isNoMembers = sender.Generation < 0 && group.IsEmpty;
        SeededBugAdmitsEarlierGeneration(ref isNoMembers);
        if (isNoMembers)
        {
            return ErrorCode.None;
        }

        if (sender.Generation >= 0 || sender.MemberId.Length > 0 || sender.InstanceId is not null)
        {
            ErrorCode error = Validate(group, sender.MemberId, sender.InstanceId);
            if (error != ErrorCode.None)
            {
                return error;
            }

            if (sender.Generation != group.Generation)
            {
                return ErrorCode.IllegalGeneration;
            }
        }
        else if (sender.Kind == CommitKind.Plain)
        {
            return ErrorCode.UnknownMemberId;
        }

        return sender.Kind == CommitKind.Plain && group.Phase == ClassicGroupPhase.CompletingRebalance
            ? ErrorCode.RebalanceInProgress
            : ErrorCode.None;
    }
}
