using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>ConsumerGroupHeartbeat: members join, go on, leave; the group's target follows, and each member towards it (KIP-848).</summary>
internal sealed class ConsumerGroups(
    IGroupSettings settings,
    ITopicsView topics,
    GroupTable groups,
    DeadlineQueue deadlines,
    GroupMigration migration
)
{
    /// <summary>The most members of a group, whatever <c>group.consumer.max.size</c> says.</summary>
    private const int MaxMembers = 65_536;

    public ConsumerGroupHeartbeatResponse Heartbeat(
        in GroupCaller caller,
        ConsumerGroupHeartbeatRequest request,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        ConsumerGroupSettings own = settings.ConsumerGroup(request.GroupId);
        if (HeartbeatRules.Check(caller.ApiVersion, request, own) is { } malformed)
        {
            return Rejected(malformed);
        }

        if (request.MemberEpoch is HeartbeatRules.Leave or ConsumerMember.LeftForAWhile)
        {
            return Leave(request, now, outbox);
        }

        GroupRejection? rejection = FindGroup(request, out ConsumerGroup group);
        return rejection is null ? Heartbeat(group, own, caller, request, now, outbox) : Rejected(rejection);
    }

    /// <summary>The group has been loaded: its members' sessions begin now.</summary>
    public void Activate(ConsumerGroup group, CoordinatorTime now)
    {
        ConsumerGroupSettings own = settings.ConsumerGroup(group.Id);
        foreach (ConsumerMember member in group.Members.Values)
        {
            RenewSession(group, member, own, now);
            if (member.State == ConsumerMemberState.UnrevokedPartitions)
            {
                deadlines.Set(group.DeadlinesOf(member.Id).Rebalance, now.MonotonicMs + member.RebalanceTimeoutMs);
            }
        }
    }

    /// <summary>A member has not been heard of, or has not given up its partitions, for too long: it goes.</summary>
    public void IsDue(ConsumerGroup group, Deadline deadline, CoordinatorTime now, Outbox outbox)
    {
        if (!group.Members.ContainsKey(deadline.MemberId))
        {
            return;
        }

        MemberDeadlines own = group.DeadlinesOf(deadline.MemberId);
        if (deadline == own.Session || deadline == own.Rebalance)
        {
            Remove(group, [deadline.MemberId], now, outbox);
        }
    }

    /// <summary>Takes members out, by id or static name, at an administrator's wish.</summary>
    public List<LeaveGroupResponse.MemberResult> Leave(
        ConsumerGroup group,
        IReadOnlyList<LeaveGroupRequest.MemberIdentity> members,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        List<LeaveGroupResponse.MemberResult> results = new(members.Count);
        HashSet<string> leaving = new(StringComparer.Ordinal);
        foreach (LeaveGroupRequest.MemberIdentity each in members)
        {
            string? owner = each.GroupInstanceId is { } instanceId ? group.StaticMember(instanceId) : each.MemberId;
            ErrorCode error =
                owner is null || !group.Members.ContainsKey(owner) ? ErrorCode.UnknownMemberId
                : each.MemberId.Length > 0 && each.MemberId != owner ? ErrorCode.FencedInstanceId
                : leaving.Add(owner) ? ErrorCode.None
                : ErrorCode.UnknownMemberId;
            results.Add(
                new LeaveGroupResponse.MemberResult
                {
                    MemberId = each.MemberId,
                    GroupInstanceId = each.GroupInstanceId,
                    ErrorCode = error,
                }
            );
        }

        Remove(group, leaving, now, outbox);
        return results;
    }

    /// <summary>True when all members of the classic protocol, the joiner among them, know one of its protocols.</summary>
    public bool CanWorkWith(ConsumerGroup group, string joinerId, IReadOnlyList<ClassicProtocol> protocols) =>
        protocols.Any(protocol =>
            group.Members.Values.All(member =>
                member.Classic is null || member.Id == joinerId || member.Classic.SupportedProtocols.Any(each => each.Name == protocol.Name)
            )
        );

    /// <summary>True when the topics that the members subscribe to have changed since the group's epoch was last raised.</summary>
    public bool HasOtherTopics(ConsumerGroup group)
    {
        if (group.ComparedVersion == topics.Version)
        {
            return false;
        }

        bool differs = new ConsumerDraft(group, topics, default, new Outbox()).HasOtherTopics();
        group.ComparedVersion = differs || group.Regexes.Count > 0 ? group.ComparedVersion : topics.Version;
        return differs;
    }

    private void Remove(ConsumerGroup group, IReadOnlyCollection<string> memberIds, CoordinatorTime now, Outbox outbox)
    {
        if (memberIds.Count == 0)
        {
            return;
        }

        if (migration.CanDowngrade(group, memberIds))
        {
            migration.Downgrade(group, memberIds, now, outbox);
            return;
        }

        ConsumerDraft draft = new(group, topics, now, outbox);
        foreach (string memberId in memberIds)
        {
            draft.Remove(memberId);
            ForgetDeadlines(group, memberId);
        }

        draft.Bump();
    }

    private GroupRejection? FindGroup(ConsumerGroupHeartbeatRequest request, out ConsumerGroup group)
    {
        bool isJoin = request.MemberEpoch == HeartbeatRules.Join;
        Group? found = groups.Find(request.GroupId);
        group = found as ConsumerGroup ?? new ConsumerGroup(request.GroupId);
        return found switch
        {
            ConsumerGroup => null,
            ClassicGroup classic when isJoin => migration.CheckUpgrade(classic),
            ClassicGroup => new GroupRejection(ErrorCode.GroupIdNotFound, $"Group {request.GroupId} is not a consumer group."),
            _ when !isJoin => new GroupRejection(ErrorCode.GroupIdNotFound, $"Consumer group {request.GroupId} not found."),
            _ when groups.IsFull => new GroupRejection(
                ErrorCode.CoordinatorNotAvailable,
                $"There is no room for group {request.GroupId}: this coordinator has {GroupTable.MaxGroups} groups."
            ),
            _ => null,
        };
    }

    private ConsumerGroupHeartbeatResponse Heartbeat(
        ConsumerGroup group,
        ConsumerGroupSettings own,
        in GroupCaller caller,
        ConsumerGroupHeartbeatRequest request,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        string memberId = request.MemberId.Length > 0 ? request.MemberId : caller.FreshId.ToString();
        IReadOnlySet<TopicIdPartition>? reported = Reported(request);
        if (HeartbeatRules.CheckRegex(request.SubscribedTopicRegex ?? "") is { } invalid)
        {
            return Rejected(invalid);
        }

        if (groups.Find(group.Id) is ClassicGroup { IsEmpty: false } classic)
        {
            group = migration.Upgrade(classic, now, outbox);
        }

        if (
            FindMember(group, own, memberId, request, reported, out ConsumerMember member, out ConsumerMember? predecessor) is { } rejection
        )
        {
            return Rejected(rejection);
        }

        Install(group, outbox);
        ConsumerMember updated = Update(member, caller, request);
        ConsumerMember next = IsSettled(group, member, updated)
            ? updated
            : Advance(group, own, member, updated, predecessor, reported, now, outbox);
        Watch(group, updated, next, own, now);
        bool tellsAssignment =
            request.MemberEpoch == HeartbeatRules.Join
            || IsFull(request)
            || !next.Assigned.Select(each => each.Partition).SequenceEqual(member.Assigned.Select(each => each.Partition));
        return new ConsumerGroupHeartbeatResponse
        {
            MemberId = next.Id,
            MemberEpoch = next.Epoch,
            HeartbeatIntervalMs = own.HeartbeatIntervalMs,
            Assignment = tellsAssignment ? Assignment(next) : null,
        };
    }

    /// <summary>
    /// A group that is new, or was a classic one without members, takes its place; its first records follow in the same batch.
    /// </summary>
    private void Install(ConsumerGroup group, Outbox outbox)
    {
        Group? found = groups.Find(group.Id);
        if (found is ClassicGroup { Stored: not null })
        {
            found.AppendTombstones(outbox);
        }

        groups.Put(group);
    }

    /// <summary>True when the heartbeat changes nothing: the usual one.</summary>
    private bool IsSettled(ConsumerGroup group, ConsumerMember member, ConsumerMember updated) =>
        group.ComparedVersion == topics.Version
        && group.Epoch <= group.TargetEpoch
        && member.State == ConsumerMemberState.Stable
        && member.Epoch == group.TargetEpoch
        && group.Members.ContainsKey(member.Id)
        && updated.SaysTheSameAs(member);

    /// <summary>Takes in what a member says: the group's epoch, its target and the member follow.</summary>
    public ConsumerMember Advance(
        ConsumerGroup group,
        ConsumerGroupSettings own,
        ConsumerMember member,
        ConsumerMember updated,
        ConsumerMember? predecessor,
        IReadOnlySet<TopicIdPartition>? reported,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        ConsumerDraft draft = new(group, topics, now, outbox);
        if (predecessor is not null)
        {
            draft.Replace(predecessor, member);
            ForgetDeadlines(group, predecessor.Id);
        }

        draft.Put(updated);
        draft.RefreshRegexes();
        draft.Bump();
        group.ComparedVersion = topics.Version;
        draft.Assign(own);
        ConsumerMember next = Reconciliation.Step(
            group,
            updated,
            draft.TargetEpoch,
            draft.TargetOf(updated),
            reported,
            wantsOtherTopics: !updated.WantsTheSameAs(member)
        );
        if (!next.IsWhereItWas(updated))
        {
            outbox.Append(ConsumerRecords.Current(group.Id, next));
        }

        return next;
    }

    /// <summary>Finds the member that the heartbeat is of, or makes it; a static one may have a predecessor whose place it takes.</summary>
    private static GroupRejection? FindMember(
        ConsumerGroup group,
        ConsumerGroupSettings own,
        string memberId,
        ConsumerGroupHeartbeatRequest request,
        IReadOnlySet<TopicIdPartition>? reported,
        out ConsumerMember member,
        out ConsumerMember? predecessor
    )
    {
        ConsumerMember? known = group.Members.GetValueOrDefault(memberId);
        string? owner = request.InstanceId is { } name ? group.StaticMember(name) : null;
        member = known ?? new ConsumerMember(memberId);
        predecessor = null;
        if (request.MemberEpoch != HeartbeatRules.Join)
        {
            return request.InstanceId is { } instanceId && owner != memberId ? NotOwned(memberId, instanceId, owner)
                : known is null ? Unknown(group, memberId)
                : HeartbeatRules.CheckEpoch(known, request.MemberEpoch, reported);
        }

        if (owner is null || owner == memberId)
        {
            member = known is { Epoch: ConsumerMember.LeftForAWhile } ? known with { Epoch = 0, PreviousEpoch = 0 } : member;
            return known is null && group.Members.Count >= Math.Min(own.MaxSize, MaxMembers)
                ? new GroupRejection(
                    ErrorCode.GroupMaxSizeReached,
                    $"The consumer group has reached its maximum capacity of {own.MaxSize} members."
                )
                : null;
        }

        predecessor = group.Members[owner];
        member = predecessor with { Id = memberId, Epoch = 0, PreviousEpoch = 0 };
        return predecessor.Epoch == ConsumerMember.LeftForAWhile || predecessor.Classic is not null
            ? null
            : new GroupRejection(
                ErrorCode.UnreleasedInstanceId,
                $"Static member {memberId} with instance id {request.InstanceId} cannot join the group because the instance id is owned "
                    + $"by a member."
            );
    }

    private ConsumerGroupHeartbeatResponse Leave(ConsumerGroupHeartbeatRequest request, CoordinatorTime now, Outbox outbox)
    {
        if (!groups.TryFind(request.GroupId, out ConsumerGroup? group))
        {
            return Rejected(new GroupRejection(ErrorCode.GroupIdNotFound, $"Group {request.GroupId} not found."));
        }

        string? owner = request.InstanceId is { } name ? group.StaticMember(name) : null;
        if (request.InstanceId is { } instanceId && owner != request.MemberId)
        {
            return Rejected(NotOwned(request.MemberId, instanceId, owner));
        }

        if (!group.Members.TryGetValue(request.MemberId, out ConsumerMember? member))
        {
            return Rejected(Unknown(group, request.MemberId));
        }

        if (request.MemberEpoch == ConsumerMember.LeftForAWhile)
        {
            // It keeps its place and its partitions until its session ends.
            outbox.Append(
                ConsumerRecords.Current(
                    group.Id,
                    member with
                    {
                        Epoch = ConsumerMember.LeftForAWhile,
                        State = ConsumerMemberState.Stable,
                        PendingRevocation = [],
                    }
                )
            );
            deadlines.Cancel(group.DeadlinesOf(member.Id).Rebalance);
        }
        else
        {
            Remove(group, [member.Id], now, outbox);
        }

        return new ConsumerGroupHeartbeatResponse { MemberId = member.Id, MemberEpoch = request.MemberEpoch };
    }

    private static ConsumerMember Update(ConsumerMember member, in GroupCaller caller, ConsumerGroupHeartbeatRequest request) =>
        member with
        {
            InstanceId = request.InstanceId ?? member.InstanceId,
            RackId = request.RackId ?? member.RackId,
            ClientId = caller.ClientId,
            ClientHost = caller.ClientHost,
            Topics = request.SubscribedTopicNames is { } names
                ? [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
                : member.Topics,
            Regex = request.SubscribedTopicRegex ?? member.Regex,
            RebalanceTimeoutMs = request.RebalanceTimeoutMs == -1 ? member.RebalanceTimeoutMs : request.RebalanceTimeoutMs,
            ServerAssignor = request.ServerAssignor ?? member.ServerAssignor,
            Classic = null,
        };

    /// <summary>Its session begins anew; while it has partitions to give up it has its rebalance timeout for that.</summary>
    public void Watch(ConsumerGroup group, ConsumerMember before, ConsumerMember member, ConsumerGroupSettings own, CoordinatorTime now)
    {
        RenewSession(group, member, own, now);
        Deadline rebalance = group.DeadlinesOf(member.Id).Rebalance;
        if (member.State != ConsumerMemberState.UnrevokedPartitions)
        {
            deadlines.Cancel(rebalance);
        }
        else if (!rebalance.IsSet || !member.IsWhereItWas(before))
        {
            deadlines.Set(rebalance, now.MonotonicMs + member.RebalanceTimeoutMs);
        }
    }

    private void RenewSession(ConsumerGroup group, ConsumerMember member, ConsumerGroupSettings own, CoordinatorTime now) =>
        deadlines.Set(group.DeadlinesOf(member.Id).Session, now.MonotonicMs + (member.Classic?.SessionTimeoutMs ?? own.SessionTimeoutMs));

    private void ForgetDeadlines(ConsumerGroup group, string memberId)
    {
        if (group.RemoveDeadlines(memberId, out MemberDeadlines? own))
        {
            deadlines.Cancel(own!.Session);
            deadlines.Cancel(own.Rebalance);
        }
    }

    private static HashSet<TopicIdPartition>? Reported(ConsumerGroupHeartbeatRequest request) =>
        request.TopicPartitions is not { } topics
            ? null
            : [.. topics.SelectMany(topic => topic.Partitions.Select(partition => new TopicIdPartition(topic.TopicId, partition)))];

    private static bool IsFull(ConsumerGroupHeartbeatRequest request) =>
        request.RebalanceTimeoutMs != -1
        && (request.SubscribedTopicNames is not null || request.SubscribedTopicRegex is not null)
        && request.TopicPartitions is not null;

    private static ConsumerGroupHeartbeatResponse.HeartbeatAssignment Assignment(ConsumerMember member) =>
        new()
        {
            TopicPartitions =
            [
                .. PartitionSets
                    .ByTopic(member.Assigned.Select(owned => owned.Partition))
                    .Select(topic => new ConsumerGroupHeartbeatResponse.AssignedTopicPartitions
                    {
                        TopicId = topic.TopicId,
                        Partitions = topic.Partitions,
                    }),
            ],
        };

    private static GroupRejection NotOwned(string memberId, string instanceId, string? owner) =>
        owner is null
            ? new GroupRejection(ErrorCode.UnknownMemberId, $"Instance id {instanceId} is unknown.")
            : new GroupRejection(
                ErrorCode.FencedInstanceId,
                $"Static member {memberId} with instance id {instanceId} was fenced by member {owner}."
            );

    private static GroupRejection Unknown(ConsumerGroup group, string memberId) =>
        new(ErrorCode.UnknownMemberId, $"Member {memberId} is not a member of group {group.Id}.");

    private static ConsumerGroupHeartbeatResponse Rejected(GroupRejection rejection) =>
        new() { ErrorCode = rejection.Error, ErrorMessage = rejection.Message };
}
