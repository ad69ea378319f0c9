using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>JoinGroup for classic groups.</summary>
internal sealed class ClassicJoin(IGroupSettings settings, DeadlineQueue deadlines, ClassicRebalance rebalance)
{
    /// <summary>The most members of a group, and the most ids that it has given out, whatever <c>group.max.size</c> says.</summary>
    private const int MaxMembers = 65_536;

    /// <summary>The first version in which a new member gets its id first, and joins with it (KIP-394).</summary>
    private const short RequiresKnownMemberId = 4;

    /// <summary>The first version that can tell a leader to keep the assignment (KIP-814).</summary>
    private const short CanSkipAssignment = 9;

    /// <summary>Joins; the group is that of the request, new or known.</summary>
    public void Join(ClassicGroup group, in GroupCaller caller, JoinGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        if (!HasRoom(group, request.MemberId))
        {
            RemoveForGood(group, request.MemberId, now, outbox);
            Reject(caller, "", ErrorCode.GroupMaxSizeReached, outbox);
        }
        else if (!group.CanWorkWith(request.ProtocolType, request.Protocols))
        {
            Reject(caller, request.MemberId, ErrorCode.InconsistentGroupProtocol, outbox);
        }
        else if (request.Protocols.Sum(each => (long)each.Name.Length + each.Metadata.Length) > settings.Classic.MaxRecordBytes)
        {
            Reject(caller, request.MemberId, ErrorCode.InvalidRequest, outbox);
        }
        else if (request.MemberId.Length == 0)
        {
            JoinAsNew(group, caller, request, now, outbox);
        }
        else
        {
            JoinAsKnown(group, caller, request, now, outbox);
        }
    }

    private void JoinAsNew(ClassicGroup group, in GroupCaller caller, JoinGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        string memberId = MemberIds.Classic(request.GroupInstanceId ?? caller.ClientId, caller.FreshId);
        if (request.GroupInstanceId is { } instanceId)
        {
            if (group.StaticMember(instanceId) is { } oldId)
            {
                ReplaceStatic(group, group.Members[oldId], memberId, caller, request, now, outbox);
            }
            else
            {
                Add(group, memberId, caller, request, now, outbox);
            }
        }
        else if (caller.ApiVersion >= RequiresKnownMemberId)
        {
            Deadline deadline = new(DeadlineKind.ClassicPendingMember, group.Id, memberId);
            group.AddPendingMember(memberId, deadline);
            deadlines.Set(deadline, now.MonotonicMs + request.SessionTimeoutMs);
            Reject(caller, memberId, ErrorCode.MemberIdRequired, outbox);
        }
        else
        {
            Add(group, memberId, caller, request, now, outbox);
        }
    }

    private void JoinAsKnown(ClassicGroup group, in GroupCaller caller, JoinGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        if (group.PendingMembers.ContainsKey(request.MemberId))
        {
            if (request.GroupInstanceId is not null)
            {
                // Static members never get an id that way.
                Reject(caller, request.MemberId, ErrorCode.UnknownMemberId, outbox);
                return;
            }

            Add(group, request.MemberId, caller, request, now, outbox);
            return;
        }

        ErrorCode error = ClassicMembership.Validate(group, request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            Reject(caller, request.MemberId, error, outbox);
            return;
        }

        ClassicMember member = group.Members[request.MemberId];
        switch (group.Phase)
        {
            case ClassicGroupPhase.PreparingRebalance:
                Update(group, member, caller, request, outbox);
                rebalance.Continue(group, now, outbox);
                break;
            case ClassicGroupPhase.CompletingRebalance when member.Says(request.Protocols):
                // It has not got the response that it had.
                outbox.Respond(caller.Request, ClassicResponses.Joined(group, member));
                break;
            case ClassicGroupPhase.Stable when !group.IsLeader(member.Id) && member.Says(request.Protocols):
                outbox.Respond(caller.Request, ClassicResponses.Joined(group, member));
                break;
            case ClassicGroupPhase.CompletingRebalance or ClassicGroupPhase.Stable:
                // What it says has changed, or the leader asks for a rebalance.
                Update(group, member, caller, request, outbox);
                rebalance.Prepare(group, now, outbox);
                break;
            default:
                Reject(caller, request.MemberId, ErrorCode.UnknownMemberId, outbox);
                break;
        }
    }

    private void Add(
        ClassicGroup group,
        string memberId,
        in GroupCaller caller,
        JoinGroupRequest request,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        if (group.RemovePendingMember(memberId, out Deadline? pending))
        {
            deadlines.Cancel(pending!);
        }

        ClassicMember member = new(group.Id, memberId, request.GroupInstanceId);
        Describe(member, caller, request);
        member.Join = new PendingGroupRequest(caller.Request, caller.ApiVersion);
        group.HasNewMember |= group is { Phase: ClassicGroupPhase.PreparingRebalance, PreviousPhase: ClassicGroupPhase.Empty };
        group.Add(member, request.ProtocolType);
        rebalance.BeginFirstSession(member, now);
        rebalance.PrepareOrContinue(group, now, outbox);
    }

    /// <summary>
    /// A static member comes back without its id: it keeps its work unless the group's protocol changes with it (KIP-345).
    /// </summary>
    private void ReplaceStatic(
        ClassicGroup group,
        ClassicMember old,
        string memberId,
        in GroupCaller caller,
        JoinGroupRequest request,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        string leaderBefore = group.LeaderId ?? "";
        ClassicMember member = new(group.Id, memberId, old.InstanceId) { Assignment = old.Assignment, IsNew = old.IsNew };
        rebalance.Interrupt(group, old, ErrorCode.FencedInstanceId, outbox);
        group.Replace(old, member);
        Describe(member, caller, request);
        rebalance.RenewSession(member, now);
        if (group.Phase == ClassicGroupPhase.Stable && group.SelectProtocol() == group.Protocol)
        {
            bool isLeader = group.IsLeader(memberId);
            bool skips = isLeader && caller.ApiVersion >= CanSkipAssignment;
            outbox.Append(GroupRecords.Classic(group.Id, group.ToStored()));

            // A client that cannot be told to keep the assignment is told the old leader's id, so that it does not take itself for the
            // leader.
            JoinGroupResponse response =
                caller.ApiVersion >= CanSkipAssignment
                    ? ClassicResponses.Joined(group, member)
                    : ClassicResponses.Joined(group, member, leaderBefore, []);
            response.SkipAssignment = skips;
            outbox.Respond(caller.Request, response);
            return;
        }

        group.SetJoin(member, new PendingGroupRequest(caller.Request, caller.ApiVersion));
        rebalance.PrepareOrContinue(group, now, outbox);
    }

    private static void Update(ClassicGroup group, ClassicMember member, in GroupCaller caller, JoinGroupRequest request, Outbox outbox)
    {
        if (member.Join is { } before)
        {
            // The client has sent it again, on another connection as a rule: only the last one can be its.
            outbox.Respond(before.Request, ClassicResponses.JoinError(before.ApiVersion, member.Id, ErrorCode.RebalanceInProgress));
        }

        Describe(member, caller, request);
        group.SetJoin(member, new PendingGroupRequest(caller.Request, caller.ApiVersion));
    }

    private static void Describe(ClassicMember member, in GroupCaller caller, JoinGroupRequest request)
    {
        member.ClientId = caller.ClientId;
        member.ClientHost = caller.ClientHost;
        member.SessionTimeoutMs = request.SessionTimeoutMs;
        member.RebalanceTimeoutMs = caller.ApiVersion == 0 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs;

        // The request's bytes are the frame's, which is used again.
        member.Protocols = [.. request.Protocols.Select(each => new ClassicProtocol(each.Name, each.Metadata.ToArray()))];
    }

    private bool HasRoom(ClassicGroup group, string memberId)
    {
        int max = Math.Min(settings.Classic.MaxSize, MaxMembers);
        return group.PendingMembers.Count <= MaxMembers
            && group.Phase switch
            {
                ClassicGroupPhase.Empty => true,
                ClassicGroupPhase.PreparingRebalance => (
                    group.Members.TryGetValue(memberId, out ClassicMember? member) && member.Join is not null
                )
                    || group.JoiningCount < max,
                _ => group.Members.ContainsKey(memberId) || group.Members.Count < max,
            };
    }

    private void RemoveForGood(ClassicGroup group, string memberId, CoordinatorTime now, Outbox outbox)
    {
        if (group.RemovePendingMember(memberId, out Deadline? pending))
        {
            deadlines.Cancel(pending!);
        }

        if (group.Members.TryGetValue(memberId, out ClassicMember? member))
        {
            rebalance.Remove(group, member, ErrorCode.GroupMaxSizeReached, now, outbox);
        }

        rebalance.Continue(group, now, outbox);
    }

    private static void Reject(in GroupCaller caller, string memberId, ErrorCode error, Outbox outbox) =>
        outbox.Respond(caller.Request, ClassicResponses.JoinError(caller.ApiVersion, memberId, error));
}
