using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>How a classic group goes from one generation to the next: who is waited for, for how long, and what happens then.</summary>
internal sealed class ClassicRebalance(IGroupSettings settings, DeadlineQueue deadlines)
{
    /// <summary>How long a new member may wait for its first generation: it cannot send heartbeats meanwhile.</summary>
    private const int NewMemberJoinTimeoutMs = 300_000;

    /// <summary>
    /// How long a group whose members have all joined waits for a member id that it has given out. The client comes back with it in a
    /// round trip, or never; Kafka waits for the client's whole session.
    /// </summary>
    private const int PendingMemberGraceMs = 3_000;

    /// <summary>Begins a rebalance, or lets one that has begun go on.</summary>
    public void PrepareOrContinue(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        if (group.Phase == ClassicGroupPhase.PreparingRebalance)
        {
            Continue(group, now, outbox);
        }
        else
        {
            Prepare(group, now, outbox);
        }
    }

    /// <summary>Begins a rebalance: the members have to join again.</summary>
    public void Prepare(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        if (group.Phase == ClassicGroupPhase.CompletingRebalance)
        {
            foreach (ClassicMember member in group.Members.Values)
            {
                member.Assignment = default;
                RespondToSync(group, member, ErrorCode.RebalanceInProgress, now, outbox);
            }
        }

        deadlines.Cancel(group.SyncDeadline);
        bool isInitial = group.Phase == ClassicGroupPhase.Empty;
        group.Enter(ClassicGroupPhase.PreparingRebalance, now.WallMs);
        if (isInitial)
        {
            int delay = settings.Classic.InitialRebalanceDelayMs;
            group.HasNewMember = false;
            group.InitialDelayLeftMs = Math.Max(group.RebalanceTimeoutMs - delay, 0);
            deadlines.Set(group.JoinDeadline, now.MonotonicMs + delay);
        }
        else
        {
            deadlines.Set(group.JoinDeadline, now.MonotonicMs + group.RebalanceTimeoutMs);
            Continue(group, now, outbox);
        }
    }

    /// <summary>Ends the join phase when nobody is missing. The first rebalance of an empty group always takes its whole delay.</summary>
    public void Continue(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        if (group.Phase != ClassicGroupPhase.PreparingRebalance || group.PreviousPhase == ClassicGroupPhase.Empty)
        {
            return;
        }

        if (group.HasAllJoined)
        {
            CompleteJoin(group, now, outbox);
        }
        else if (group.JoiningCount >= group.Members.Count)
        {
            deadlines.Set(group.JoinDeadline, Math.Min(group.JoinDeadline.DueMs, now.MonotonicMs + PendingMemberGraceMs));
        }
    }

    /// <summary>The join phase has taken as long as it may.</summary>
    public void JoinIsDue(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        if (group.Phase != ClassicGroupPhase.PreparingRebalance)
        {
            return;
        }

        if (group.PreviousPhase == ClassicGroupPhase.Empty && group.HasNewMember && group.InitialDelayLeftMs > 0)
        {
            int delay = Math.Min(settings.Classic.InitialRebalanceDelayMs, group.InitialDelayLeftMs);
            group.HasNewMember = false;
            group.InitialDelayLeftMs = Math.Max(group.InitialDelayLeftMs - settings.Classic.InitialRebalanceDelayMs, 0);
            deadlines.Set(group.JoinDeadline, now.MonotonicMs + delay);
            return;
        }

        CompleteJoin(group, now, outbox);
    }

    /// <summary>Members that have joined but not asked for their work are taken out.</summary>
    public void SyncIsDue(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        if (group.Phase is not (ClassicGroupPhase.CompletingRebalance or ClassicGroupPhase.Stable) || group.PendingSyncs.Count == 0)
        {
            return;
        }

        foreach (string memberId in group.PendingSyncs.ToList())
        {
            Remove(group, group.Members[memberId], ErrorCode.UnknownMemberId, now, outbox);
        }

        Prepare(group, now, outbox);
    }

    /// <summary>
    /// Takes a member out of the group, which notices with <see cref="MemberHasGone"/>; what it waits for is answered with the error.
    /// </summary>
    public void Remove(ClassicGroup group, ClassicMember member, ErrorCode error, CoordinatorTime now, Outbox outbox)
    {
        RespondToJoin(group, member, error, outbox);
        RespondToSync(group, member, error, now, outbox);
        deadlines.Cancel(member.Session);
        group.Remove(member);
    }

    /// <summary>
    /// What a member waits for is answered with the error, and its session is no longer watched: it is going to be somebody else.
    /// </summary>
    public void Interrupt(ClassicGroup group, ClassicMember member, ErrorCode error, Outbox outbox)
    {
        if (member.Join is { } join)
        {
            outbox.Respond(join.Request, ClassicResponses.JoinError(join.ApiVersion, member.Id, error));
            group.SetJoin(member, null);
        }

        if (member.Sync is { } sync)
        {
            outbox.Respond(sync.Request, ClassicResponses.SyncError(error));
            member.Sync = null;
        }

        deadlines.Cancel(member.Session);
    }

    /// <summary>Members have gone: the others share the work anew, or need no longer wait for them.</summary>
    public void MemberHasGone(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        if (group.Phase != ClassicGroupPhase.Empty)
        {
            PrepareOrContinue(group, now, outbox);
        }
    }

    /// <summary>The leader has shared out the work: every member that waits for its own gets it.</summary>
    public void CompleteSync(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        group.Enter(ClassicGroupPhase.Stable, now.WallMs);
        foreach (ClassicMember member in group.Members.Values)
        {
            RespondToSync(group, member, ErrorCode.None, now, outbox);
        }
    }

    /// <summary>The work that the leader has shared out cannot be stored: everybody is told, and joins again.</summary>
    public void FailSync(ClassicGroup group, ErrorCode error, CoordinatorTime now, Outbox outbox)
    {
        foreach (ClassicMember member in group.Members.Values)
        {
            member.Assignment = default;
            RespondToSync(group, member, error, now, outbox);
        }

        Prepare(group, now, outbox);
    }

    /// <summary>The member is alive: its session begins anew.</summary>
    public void RenewSession(ClassicMember member, CoordinatorTime now) =>
        deadlines.Set(member.Session, now.MonotonicMs + member.SessionTimeoutMs);

    /// <summary>A new member waits for its first generation.</summary>
    public void BeginFirstSession(ClassicMember member, CoordinatorTime now)
    {
        member.IsNew = true;
        deadlines.Set(member.Session, now.MonotonicMs + NewMemberJoinTimeoutMs);
    }

    private void CompleteJoin(ClassicGroup group, CoordinatorTime now, Outbox outbox)
    {
        deadlines.Cancel(group.JoinDeadline);
        foreach (ClassicMember member in group.Members.Values.Where(member => member.Join is null && member.InstanceId is null).ToList())
        {
            Remove(group, member, ErrorCode.UnknownMemberId, now, outbox);
        }

        if (!group.ElectJoinedLeader() && group.Members.Count > 0)
        {
            // Only static members are left, and none of them has joined: their sessions decide.
            deadlines.Set(group.JoinDeadline, now.MonotonicMs + Math.Max(group.RebalanceTimeoutMs, 1));
            return;
        }

        group.BeginGeneration(now.WallMs);
        if (group.Phase == ClassicGroupPhase.Empty)
        {
            outbox.Append(GroupRecords.Classic(group.Id, group.ToStored()));
            return;
        }

        foreach (ClassicMember member in group.Members.Values)
        {
            if (member.Join is { } join)
            {
                outbox.Respond(join.Request, ClassicResponses.Joined(group, member));
                group.SetJoin(member, null);
            }

            RenewSession(member, now);
            member.IsNew = false;
            group.ExpectSync(member.Id);
        }

        deadlines.Set(group.SyncDeadline, now.MonotonicMs + group.RebalanceTimeoutMs);
    }

    private static void RespondToJoin(ClassicGroup group, ClassicMember member, ErrorCode error, Outbox outbox)
    {
        if (member.Join is { } join)
        {
            outbox.Respond(join.Request, ClassicResponses.JoinError(join.ApiVersion, "", error));
            group.SetJoin(member, null);
        }
    }

    private void RespondToSync(ClassicGroup group, ClassicMember member, ErrorCode error, CoordinatorTime now, Outbox outbox)
    {
        if (member.Sync is { } sync)
        {
            outbox.Respond(
                sync.Request,
                error == ErrorCode.None ? ClassicResponses.Synced(group, member) : ClassicResponses.SyncError(error)
            );
            member.Sync = null;
            RenewSession(member, now);
        }
    }
}
