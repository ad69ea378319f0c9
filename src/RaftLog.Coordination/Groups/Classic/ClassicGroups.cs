using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>SyncGroup, Heartbeat and LeaveGroup for classic groups, and what time does to their members.</summary>
internal sealed class ClassicGroups(IGroupSettings settings, DeadlineQueue deadlines, ClassicRebalance rebalance)
{
    /// <summary>Asks for the work of the generation; the leader brings that of all.</summary>
    public void Sync(ClassicGroup group, in GroupCaller caller, SyncGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        ErrorCode error = ValidateSync(group, request);
        if (error != ErrorCode.None)
        {
            outbox.Respond(caller.Request, ClassicResponses.SyncError(error));
            return;
        }

        ClassicMember member = group.Members[request.MemberId];
        group.HasSynced(member.Id);
        if (group.Phase == ClassicGroupPhase.Stable)
        {
            outbox.Respond(caller.Request, ClassicResponses.Synced(group, member));
            rebalance.RenewSession(member, now);
            return;
        }

        if (member.Sync is { } before)
        {
            outbox.Respond(before.Request, ClassicResponses.SyncError(ErrorCode.RebalanceInProgress));
        }

        member.Sync = new PendingGroupRequest(caller.Request, caller.ApiVersion);
        if (group.IsLeader(member.Id))
        {
            ShareOut(group, request, now, outbox);
        }
    }

    /// <summary>Renews the session of a member.</summary>
    public ErrorCode Heartbeat(ClassicGroup group, HeartbeatRequest request, CoordinatorTime now)
    {
        ErrorCode error = ClassicMembership.Validate(group, request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        RenewSession(group, request.MemberId, now);
        return group.Phase == ClassicGroupPhase.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Takes members out; each has a result, in the order of the request.</summary>
    public List<LeaveGroupResponse.MemberResult> Leave(
        ClassicGroup group,
        IReadOnlyList<LeaveGroupRequest.MemberIdentity> members,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        List<LeaveGroupResponse.MemberResult> results = new(members.Count);
        int before = group.Members.Count;
        foreach (LeaveGroupRequest.MemberIdentity each in members)
        {
            ErrorCode error = Leave(group, each, now, outbox);
            results.Add(
                new LeaveGroupResponse.MemberResult
                {
                    MemberId = each.MemberId,
                    GroupInstanceId = each.GroupInstanceId,
                    ErrorCode = error,
                }
            );
        }

        if (group.Members.Count < before)
        {
            rebalance.MemberHasGone(group, now, outbox);
        }
        else
        {
            // An id that nobody is going to use any more may be all that the group waits for.
            rebalance.Continue(group, now, outbox);
        }

        return results;
    }

    /// <summary>A member that commits is alive.</summary>
    public void RenewSession(ClassicGroup group, string memberId, CoordinatorTime now)
    {
        if (group.Members.TryGetValue(memberId, out ClassicMember? member))
        {
            rebalance.RenewSession(member, now);
        }
    }

    /// <summary>The group has been loaded: its members' sessions begin now.</summary>
    public void Activate(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        group.Load();
        foreach (ClassicMember member in group.Members.Values)
        {
            rebalance.RenewSession(member, now);
        }

        if (group.Members.Count > settings.Classic.MaxSize)
        {
            rebalance.Prepare(group, now, outbox);
        }
    }

    /// <summary>A deadline of the group or of one of its members is reached.</summary>
    public void IsDue(ClassicGroup group, Deadline deadline, CoordinatorTime now, Outbox outbox)
    {
        switch (deadline.Kind)
        {
            case DeadlineKind.ClassicJoin when deadline == group.JoinDeadline:
                rebalance.JoinIsDue(group, now, outbox);
                break;
            case DeadlineKind.ClassicSync when deadline == group.SyncDeadline:
                rebalance.SyncIsDue(group, now, outbox);
                break;
            case DeadlineKind.ClassicPendingMember:
                if (group.RemovePendingMember(deadline.MemberId, out _))
                {
                    rebalance.Continue(group, now, outbox);
                }

                break;
            case DeadlineKind.ClassicSession:
                if (group.Members.TryGetValue(deadline.MemberId, out ClassicMember? member) && member.Session == deadline)
                {
                    SessionIsDue(group, member, now, outbox);
                }

                break;
        }
    }

    private void SessionIsDue(ClassicGroup group, ClassicMember member, CoordinatorTime now, Outbox outbox)
    {
        // One that waits for the group cannot send heartbeats meanwhile; its session begins anew when it is answered.
        if (!member.IsNew && (member.Join is not null || member.Sync is not null))
        {
            return;
        }

        rebalance.Remove(group, member, ErrorCode.UnknownMemberId, now, outbox);
        rebalance.MemberHasGone(group, now, outbox);
    }

    private static ErrorCode ValidateSync(ClassicGroup group, SyncGroupRequest request)
    {
        ErrorCode error = ClassicMembership.Validate(group, request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        if (
            (request.ProtocolType is { } type && type != group.ProtocolType)
            || (request.ProtocolName is { } protocol && protocol != group.Protocol)
        )
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        return group.Phase switch
        {
            ClassicGroupPhase.Empty => ErrorCode.UnknownMemberId,
            ClassicGroupPhase.PreparingRebalance => ErrorCode.RebalanceInProgress,
            _ => ErrorCode.None,
        };
    }

    private void ShareOut(ClassicGroup group, SyncGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        foreach (ClassicMember member in group.Members.Values)
        {
            member.Assignment = default;
        }

        foreach (SyncGroupRequest.SyncGroupAssignment each in request.Assignments)
        {
            if (group.Members.TryGetValue(each.MemberId, out ClassicMember? member))
            {
                member.Assignment = each.Assignment.ToArray();
            }
        }

        CoordinatorRecord record = GroupRecords.Classic(group.Id, group.ToStored());
        if (record.Value!.Value.Length > settings.Classic.MaxRecordBytes)
        {
            rebalance.FailSync(group, ErrorCode.UnknownServerError, now, outbox);
            return;
        }

        outbox.Append(record);
        rebalance.CompleteSync(group, now, outbox);
    }

    private ErrorCode Leave(ClassicGroup group, LeaveGroupRequest.MemberIdentity leaver, CoordinatorTime now, Outbox outbox)
    {
        string? memberId = leaver.MemberId;
        if (memberId.Length == 0)
        {
            memberId = leaver.GroupInstanceId is { } instanceId ? group.StaticMember(instanceId) : null;
            if (memberId is null)
            {
                return ErrorCode.UnknownMemberId;
            }
        }
        else if (group.RemovePendingMember(memberId, out Deadline? pending))
        {
            deadlines.Cancel(pending!);
            return ErrorCode.None;
        }
        else
        {
            ErrorCode error = ClassicMembership.Validate(group, memberId, leaver.GroupInstanceId);
            if (error != ErrorCode.None)
            {
                return error;
            }
        }

        rebalance.Remove(group, group.Members[memberId], ErrorCode.UnknownMemberId, now, outbox);
        return ErrorCode.None;
    }
}
