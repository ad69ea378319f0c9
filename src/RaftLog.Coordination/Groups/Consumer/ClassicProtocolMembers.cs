using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>
/// JoinGroup, SyncGroup and Heartbeat of members of a consumer group that speak the classic protocol: their generation is their member
/// epoch, and the group tells them to join again whenever something has changed for them.
/// </summary>
internal sealed class ClassicProtocolMembers(
    IGroupSettings settings,
    ITopicsView topics,
    DeadlineQueue deadlines,
    ConsumerGroups consumers,
    GroupMigration migration
)
{
    /// <summary>The first version of JoinGroup in which a new member gets its id first, and joins with it (KIP-394).</summary>
    private const short RequiresKnownMemberId = 4;

    public JoinGroupResponse Join(ConsumerGroup group, in GroupCaller caller, JoinGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        // The request's bytes are the frame's, which is used again.
        List<ClassicProtocol> protocols = [.. request.Protocols.Select(each => new ClassicProtocol(each.Name, each.Metadata.ToArray()))];
        ConsumerGroupSettings own = settings.ConsumerGroup(group.Id);
        string? owner = request.GroupInstanceId is { } name ? group.StaticMember(name) : null;
        bool isNew = request.MemberId.Length == 0;
        string memberId = isNew ? MemberIds.Classic(request.GroupInstanceId ?? caller.ClientId, caller.FreshId) : request.MemberId;
        ConsumerMember? known = group.Members.GetValueOrDefault(memberId);
        ErrorCode error =
            own.MigrationPolicy == GroupMigrationPolicy.Disabled ? ErrorCode.InconsistentGroupProtocol
            : known is null && owner is null && group.Members.Count >= own.MaxSize ? ErrorCode.GroupMaxSizeReached
            : request.ProtocolType != ConsumerProtocol.Type || !consumers.CanWorkWith(group, memberId, protocols)
                ? ErrorCode.InconsistentGroupProtocol
            : !isNew && owner is not null && owner != memberId ? ErrorCode.FencedInstanceId
            : isNew && request.GroupInstanceId is null && caller.ApiVersion >= RequiresKnownMemberId ? ErrorCode.MemberIdRequired
            : ErrorCode.None;
        if (error != ErrorCode.None)
        {
            return ClassicResponses.JoinError(caller.ApiVersion, error == ErrorCode.MemberIdRequired ? memberId : "", error);
        }

        if (GroupMigration.Subscription(protocols) is not { } subscription)
        {
            return ClassicResponses.JoinError(caller.ApiVersion, "", ErrorCode.InconsistentGroupProtocol);
        }

        ConsumerMember? predecessor = owner is not null && owner != memberId ? group.Members[owner] : null;
        ConsumerMember member = predecessor is null
            ? known ?? new ConsumerMember(memberId)
            : predecessor with
            {
                Id = memberId,
                PreviousEpoch = predecessor.Epoch,
                Epoch = Math.Max(predecessor.Epoch, 0),
            };
        ConsumerMember updated = member with
        {
            InstanceId = request.GroupInstanceId ?? member.InstanceId,
            RackId = subscription.RackId ?? member.RackId,
            ClientId = caller.ClientId,
            ClientHost = caller.ClientHost,
            Topics = [.. subscription.Topics.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            Regex = "",
            RebalanceTimeoutMs = caller.ApiVersion == 0 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs,
            ServerAssignor = null,
            Classic = Same(member, request.SessionTimeoutMs, protocols) ?? GroupMigration.ToStored(request.SessionTimeoutMs, protocols),
        };
        if (predecessor is { Classic: null } && migration.CanDowngradeWith(group, predecessor))
        {
            return Downgrade(group, predecessor, updated, Owned(subscription), now, outbox);
        }

        ConsumerMember next = consumers.Advance(group, own, member, updated, predecessor, Owned(subscription), now, outbox);
        consumers.Watch(group, updated, next, own, now);

        // It has to ask for its partitions in time.
        deadlines.Set(group.DeadlinesOf(next.Id).Rebalance, now.MonotonicMs + next.RebalanceTimeoutMs);
        return Joined(next);
    }

    public SyncGroupResponse Sync(ConsumerGroup group, SyncGroupRequest request)
    {
        ErrorCode error = Validate(group, request.MemberId, request.GroupInstanceId, request.GenerationId, out ConsumerMember? member);
        if (
            error == ErrorCode.None
            && (
                (request.ProtocolType is { } type && type != ConsumerProtocol.Type)
                || (request.ProtocolName is { } protocol && protocol != member!.Classic!.SupportedProtocols[0].Name)
            )
        )
        {
            error = ErrorCode.InconsistentGroupProtocol;
        }

        if (error != ErrorCode.None)
        {
            return ClassicResponses.SyncError(error);
        }

        // When more is to come, the next heartbeat says so: a member that were sent back here would join in a circle until the next
        // assignment is due.
        deadlines.Cancel(group.DeadlinesOf(member!.Id).Rebalance);
        List<ClassicProtocol> protocols =
        [
            .. member.Classic!.SupportedProtocols.Select(each => new ClassicProtocol(each.Name, each.Metadata)),
        ];
        return new SyncGroupResponse
        {
            ProtocolType = ConsumerProtocol.Type,
            ProtocolName = protocols[0].Name,
            Assignment = migration.ToAssignment(member.Assigned.Select(owned => owned.Partition), protocols),
        };
    }

    public ErrorCode Heartbeat(ConsumerGroup group, HeartbeatRequest request, CoordinatorTime now)
    {
        ErrorCode error = Validate(group, request.MemberId, request.GroupInstanceId, request.GenerationId, out ConsumerMember? member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        deadlines.Set(group.DeadlinesOf(member!.Id).Session, now.MonotonicMs + member.Classic!.SessionTimeoutMs);
        return MustJoinAgain(group, member, now) ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private static JoinGroupResponse Joined(ConsumerMember member) =>
        new()
        {
            MemberId = member.Id,
            GenerationId = member.Epoch,
            ProtocolType = ConsumerProtocol.Type,
            ProtocolName = member.Classic!.SupportedProtocols[0].Name,
        };

    /// <summary>The last member of the consumer protocol is replaced by one of the classic protocol: the group follows.</summary>
    private JoinGroupResponse Downgrade(
        ConsumerGroup group,
        ConsumerMember replaced,
        ConsumerMember joiner,
        HashSet<TopicIdPartition> reported,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        bool isStale = !joiner.WantsTheSameAs(replaced) || consumers.HasOtherTopics(group);
        int epoch = isStale ? group.Epoch + 1 : group.Epoch;
        ConsumerMember next =
            epoch > group.TargetEpoch
                ? joiner
                : Reconciliation.Step(group, joiner, group.TargetEpoch, group.TargetOf(replaced.Id), reported, wantsOtherTopics: false);
        migration.Downgrade(group, replaced, next, epoch, now, outbox);
        return Joined(next);
    }

    /// <summary>True when something has changed for the member; it has its rebalance timeout to join again.</summary>
    private bool MustJoinAgain(ConsumerGroup group, ConsumerMember member, CoordinatorTime now)
    {
        bool must =
            member.Epoch < group.Epoch
            || member.State == ConsumerMemberState.UnrevokedPartitions
            || (member.State == ConsumerMemberState.UnreleasedPartitions && HasFreePartition(group, member))
            || consumers.HasOtherTopics(group);
        Deadline rebalance = group.DeadlinesOf(member.Id).Rebalance;
        if (must && !rebalance.IsSet)
        {
            deadlines.Set(rebalance, now.MonotonicMs + member.RebalanceTimeoutMs);
        }

        return must;
    }

    /// <summary>True when nobody owns a partition any more that the member shall own.</summary>
    private static bool HasFreePartition(ConsumerGroup group, ConsumerMember member) =>
        group.TargetOf(member.Id).Any(partition => group.OwnerOf(partition) is null);

    private static ErrorCode Validate(ConsumerGroup group, string memberId, string? instanceId, int generation, out ConsumerMember? member)
    {
        string? owner = instanceId is null ? memberId : group.StaticMember(instanceId);
        member = owner is null ? null : group.Members.GetValueOrDefault(owner);
        return owner is null ? ErrorCode.UnknownMemberId
            : owner != memberId ? ErrorCode.FencedInstanceId
            : member?.Classic is null ? ErrorCode.UnknownMemberId
            : generation != member.Epoch ? ErrorCode.IllegalGeneration
            : ErrorCode.None;
    }

    /// <summary>What is stored of the member already when it says the same again.</summary>
    private static ConsumerGroupMemberMetadataValue.ClassicMetadata? Same(
        ConsumerMember member,
        int sessionTimeoutMs,
        List<ClassicProtocol> protocols
    ) =>
        member.Classic is { } stored
        && stored.SessionTimeoutMs == sessionTimeoutMs
        && stored.SupportedProtocols.Count == protocols.Count
        && stored
            .SupportedProtocols.Zip(protocols)
            .All(each => each.First.Name == each.Second.Name && each.First.Metadata.Span.SequenceEqual(each.Second.Metadata.Span))
            ? stored
            : null;

    private HashSet<TopicIdPartition> Owned(ConsumerProtocolSubscription subscription)
    {
        HashSet<TopicIdPartition> owned = [];
        foreach (ConsumerProtocolSubscription.OwnedTopicPartitions each in subscription.OwnedPartitions)
        {
            if (topics.TryFind(each.Topic, out TopicFacts? topic))
            {
                owned.UnionWith(each.Partitions.Select(partition => new TopicIdPartition(topic.Id, partition)));
            }
        }

        return owned;
    }
}
