using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>
/// Turns a classic group with members into a consumer group when the first member of the consumer protocol joins, and back when the last
/// one has gone; the others keep their partitions meanwhile (KIP-848).
/// </summary>
internal sealed class GroupMigration(
    IGroupSettings settings,
    ITopicsView topics,
    GroupTable groups,
    DeadlineQueue deadlines,
    ClassicRebalance rebalance
)
{
    private readonly ConsumerReplay _replay = new(groups);

    /// <summary>Why a classic group may not become a consumer group; null when it may.</summary>
    public GroupRejection? CheckUpgrade(ClassicGroup group)
    {
        ConsumerGroupSettings own = settings.ConsumerGroup(group.Id);
        return group.IsEmpty ? null
            : own.MigrationPolicy is not (GroupMigrationPolicy.Upgrade or GroupMigrationPolicy.Bidirectional)
            || !group.IsConsumers
            || group.Members.Count > own.MaxSize
                ? new GroupRejection(ErrorCode.GroupIdNotFound, $"Group {group.Id} is not a consumer group.")
            : group.Members.Values.Any(member => Subscription(member.Protocols) is null)
                ? new GroupRejection(
                    ErrorCode.GroupIdNotFound,
                    $"Cannot upgrade classic group {group.Id} to consumer group because the embedded consumer protocol is malformed."
                )
            : group.Members.Values.Any(HasAssignorsData)
                ? new GroupRejection(
                    ErrorCode.GroupIdNotFound,
                    $"Cannot upgrade classic group {group.Id} to consumer group because an unsupported custom assignor is in use. "
                        + "Please refer to the documentation or switch to a default assignor before re-attempting the upgrade."
                )
            : null;
    }

    /// <summary>Makes the classic group a consumer group; requests that wait are told to join again.</summary>
    public ConsumerGroup Upgrade(ClassicGroup classic, CoordinatorTime now, Outbox outbox)
    {
        foreach (ClassicMember member in classic.Members.Values)
        {
            rebalance.Interrupt(classic, member, ErrorCode.RebalanceInProgress, outbox);
        }

        if (classic.Stored is not null)
        {
            classic.AppendTombstones(outbox);
        }

        ConsumerGroup group = new(classic.Id);
        groups.Put(group);
        List<ConsumerMember> members = [.. classic.Members.Values.Select(member => Convert(member, classic.Generation))];
        foreach (ConsumerMember member in members)
        {
            Append(ConsumerRecords.Member(group.Id, member), outbox);
        }

        Append(ConsumerRecords.Group(group.Id, classic.Generation, metadataHash: 0), outbox);
        foreach (ConsumerMember member in members)
        {
            Append(ConsumerRecords.Target(group.Id, member.Id, [.. member.Assigned.Select(owned => owned.Partition)]), outbox);
        }

        Append(ConsumerRecords.TargetEpoch(group.Id, classic.Generation, timestampMs: 0), outbox);
        foreach (ConsumerMember member in members)
        {
            Append(ConsumerRecords.Current(group.Id, member), outbox);
            deadlines.Set(group.DeadlinesOf(member.Id).Session, now.MonotonicMs + member.Classic!.SessionTimeoutMs);
        }

        return group;
    }

    /// <summary>
    /// True when the group would have members of the classic protocol only, without those that leave, and may become a classic group.
    /// </summary>
    public bool CanDowngrade(ConsumerGroup group, IReadOnlyCollection<string> leaving)
    {
        List<ConsumerMember> staying = [.. group.Members.Values.Where(member => !leaving.Contains(member.Id))];
        return settings.ConsumerGroup(group.Id).MigrationPolicy is GroupMigrationPolicy.Downgrade or GroupMigrationPolicy.Bidirectional
            && staying.Count > 0
            && staying.Count <= settings.Classic.MaxSize
            && staying.All(member => member.Classic is not null);
    }

    /// <summary>
    /// True when a static member of the consumer protocol is replaced by one of the classic protocol, nobody else speaks the consumer
    /// protocol, and the group may become a classic group.
    /// </summary>
    public bool CanDowngradeWith(ConsumerGroup group, ConsumerMember replaced) =>
        settings.ConsumerGroup(group.Id).MigrationPolicy is GroupMigrationPolicy.Downgrade or GroupMigrationPolicy.Bidirectional
        && group.Members.Count <= settings.Classic.MaxSize
        && group.Members.Values.All(member => (member.Classic is null) == (member.Id == replaced.Id));

    /// <summary>Makes the consumer group a classic group of those that stay, who have to join again.</summary>
    public void Downgrade(ConsumerGroup group, IReadOnlyCollection<string> leaving, CoordinatorTime now, Outbox outbox)
    {
        ClassicGroup classic = Downgraded(group, leaving);
        Continue(classic, group.Epoch, now, outbox);
        rebalance.Prepare(classic, now, outbox);
    }

    /// <summary>
    /// Makes the consumer group a classic group in which the joiner has the place and the target of the member that it replaces. The
    /// members have to join again when the target is older than what they subscribe to.
    /// </summary>
    public void Downgrade(
        ConsumerGroup group,
        ConsumerMember replaced,
        ConsumerMember joiner,
        int epoch,
        CoordinatorTime now,
        Outbox outbox
    )
    {
        ClassicGroup classic = Downgraded(group, [replaced.Id]);
        classic.Add(Convert(classic.Id, joiner, group.TargetOf(replaced.Id)), ConsumerProtocol.Type);
        Continue(classic, epoch, now, outbox);
        if (epoch > group.TargetEpoch)
        {
            rebalance.Prepare(classic, now, outbox);
        }
    }

    private ClassicGroup Downgraded(ConsumerGroup group, IReadOnlyCollection<string> leaving)
    {
        ClassicGroup classic = new(group.Id);
        foreach (ConsumerMember member in group.Members.Values)
        {
            if (group.RemoveDeadlines(member.Id, out MemberDeadlines? own))
            {
                deadlines.Cancel(own!.Session);
                deadlines.Cancel(own.Rebalance);
            }

            if (!leaving.Contains(member.Id))
            {
                classic.Add(Convert(classic.Id, member, group.TargetOf(member.Id)), ConsumerProtocol.Type);
            }
        }

        return classic;
    }

    private void Continue(ClassicGroup classic, int generation, CoordinatorTime now, Outbox outbox)
    {
        groups.Find(classic.Id)!.AppendTombstones(outbox);
        classic.Continue(generation, now.WallMs);
        groups.Put(classic);
        outbox.Append(GroupRecords.Classic(classic.Id, classic.ToStored()));
        foreach (ClassicMember member in classic.Members.Values)
        {
            rebalance.RenewSession(member, now);
        }
    }

    /// <summary>What a member of the classic protocol subscribes to; null when it cannot be read.</summary>
    public static ConsumerProtocolSubscription? Subscription(IReadOnlyList<ClassicProtocol> protocols) =>
        protocols.Count == 0 ? null : ConsumerProtocol.TryReadSubscription(protocols[0].Metadata);

    // It would be lost: only the assignor that wrote it can read it.
    private static bool HasAssignorsData(ClassicMember member) =>
        ConsumerProtocol.TryReadAssignment(member.Assignment)?.UserData is { Length: > 0 };

    /// <summary>
    /// Appends a record and applies it at once: what follows in the same input builds on it. The shell applies it again, which changes
    /// nothing.
    /// </summary>
    private void Append(CoordinatorRecord record, Outbox outbox)
    {
        outbox.Append(record);
        _replay.Replay(record);
    }

    private ConsumerMember Convert(ClassicMember member, int generation)
    {
        ConsumerProtocolSubscription subscription = Subscription(member.Protocols)!;
        List<OwnedPartition> owned = [];
        foreach (
            ConsumerProtocolAssignment.AssignedTopicPartitions each in ConsumerProtocol
                .TryReadAssignment(member.Assignment)
                ?.AssignedPartitions
                ?? []
        )
        {
            if (topics.TryFind(each.Topic, out TopicFacts? topic))
            {
                owned.AddRange(
                    each.Partitions.Select(partition => new OwnedPartition(new TopicIdPartition(topic.Id, partition), generation))
                );
            }
        }

        owned.Sort(PartitionSets.CompareOwned);
        return new ConsumerMember(member.Id)
        {
            InstanceId = member.InstanceId,
            RackId = subscription.RackId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            Topics = [.. subscription.Topics.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            RebalanceTimeoutMs = member.RebalanceTimeoutMs,
            Classic = ToStored(member.SessionTimeoutMs, member.Protocols),
            Epoch = generation,
            PreviousEpoch = generation,
            Assigned = owned,
        };
    }

    private ClassicMember Convert(string groupId, ConsumerMember member, IReadOnlyList<TopicIdPartition> target)
    {
        List<ClassicProtocol> protocols =
        [
            .. member.Classic!.SupportedProtocols.Select(each => new ClassicProtocol(each.Name, each.Metadata)),
        ];
        return new ClassicMember(groupId, member.Id, member.InstanceId)
        {
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            RebalanceTimeoutMs = member.RebalanceTimeoutMs,
            SessionTimeoutMs = member.Classic.SessionTimeoutMs,
            Protocols = protocols,
            Assignment = ToAssignment(target, protocols),
        };
    }

    /// <summary>What a member of the classic protocol says of itself, as it is stored.</summary>
    public static ConsumerGroupMemberMetadataValue.ClassicMetadata ToStored(
        int sessionTimeoutMs,
        IReadOnlyList<ClassicProtocol> protocols
    ) =>
        new()
        {
            SessionTimeoutMs = sessionTimeoutMs,
            SupportedProtocols =
            [
                .. protocols.Select(each => new ConsumerGroupMemberMetadataValue.ClassicProtocol
                {
                    Name = each.Name,
                    Metadata = MessageBytes.Of(each.Metadata),
                }),
            ],
        };

    /// <summary>Partitions as a member of the classic protocol is told them, in the version that it subscribes with.</summary>
    public byte[] ToAssignment(IEnumerable<TopicIdPartition> partitions, IReadOnlyList<ClassicProtocol> protocols)
    {
        ConsumerProtocolAssignment assignment = new();
        foreach ((Uuid topicId, List<int> indexes) in PartitionSets.ByTopic(partitions))
        {
            if (topics.TryFind(topicId, out TopicFacts? topic))
            {
                assignment.AssignedPartitions.Add(new() { Topic = topic.Name, Partitions = indexes });
            }
        }

        return ConsumerProtocol.Write(assignment, ConsumerProtocol.VersionOf(protocols[0].Metadata));
    }
}
