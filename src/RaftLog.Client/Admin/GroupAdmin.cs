using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>
/// Administration of groups: who is in them, how far they have come, and where they go on. What fails for a passing reason is tried again
/// until <see cref="ClientOptions.CallTimeout"/>.
/// </summary>
public sealed class GroupAdmin
{
    private const string Classic = "classic";
    private const string Consumer = "consumer";
    private const short LastWithTopicNames = 9;

    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;
    private readonly ClusterMetadata _metadata;
    private readonly BrokerCalls _brokers;

    internal GroupAdmin(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata, BrokerCalls brokers)
    {
        _runtime = runtime;
        _calls = calls;
        _metadata = metadata;
        _brokers = brokers;
    }

    /// <summary>All groups, by id.</summary>
    /// <exception cref="KafkaException">A broker cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<GroupListing>> ListAsync(CancellationToken cancel = default)
    {
        CallDeadline deadline = NewDeadline(cancel);
        ClusterView cluster = await _metadata.FreshAsync(deadline);
        SortedDictionary<string, GroupListing> found = new(StringComparer.Ordinal);
        foreach (BrokerView broker in cluster.Brokers)
        {
            ListGroupsResponse listed = await _brokers.AskAsync(
                broker.Id,
                new ListGroupsRequest(),
                static r => r.ErrorCode,
                $"groups of broker {broker.Id}",
                deadline
            );
            foreach (ListGroupsResponse.ListedGroup group in listed.Groups)
            {
                found[group.GroupId] = new GroupListing(group.GroupId, group.GroupType, group.GroupState, group.ProtocolType, broker.Id);
            }
        }

        return [.. found.Values];
    }

    /// <summary>A group and its members.</summary>
    /// <exception cref="KafkaException">There is no such group, or its coordinator cannot be asked in time.</exception>
    public async ValueTask<GroupDescription> DescribeAsync(string group, CancellationToken cancel = default)
    {
        CallDeadline deadline = NewDeadline(cancel);
        try
        {
            ConsumerGroupDescribeResponse response = await CoordinatorOf(group)
                .CallAsync(new ConsumerGroupDescribeRequest { GroupIds = [group] }, static r => r.Groups[0].ErrorCode, deadline);
            if (response.Groups[0] is { ErrorCode: ErrorCode.None } described)
            {
                return Describe(described);
            }
        }
        catch (KafkaException failure) when (failure.Code == ErrorCode.UnsupportedVersion)
        {
            // An older cluster has classic groups alone.
        }

        DescribeGroupsResponse classic = await CoordinatorOf(group)
            .CallAsync(new DescribeGroupsRequest { Groups = [group] }, static r => r.Groups[0].ErrorCode, deadline);
        Check(classic.Groups[0].ErrorCode, group, classic.Groups[0].ErrorMessage);
        if (classic.Groups[0].GroupState == "Dead")
        {
            throw new KafkaException(ErrorCode.GroupIdNotFound, $"group {group}: there is no such group; 'group list' shows what there is");
        }

        return Describe(classic.Groups[0]);
    }

    /// <summary>The committed positions of a group, by partition.</summary>
    /// <exception cref="KafkaException">The coordinator cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, GroupOffset>> OffsetsAsync(string group, CancellationToken cancel = default)
    {
        OffsetFetchRequest request = new()
        {
            GroupId = group,
            Topics = null,
            Groups = [new() { GroupId = group, Topics = null }],
            RequireStable = true,
        };
        OffsetFetchResponse response = await CoordinatorOf(group).CallAsync(request, ErrorOf, NewDeadline(cancel), LastWithTopicNames);
        Check(ErrorOf(response), group, null);
        SortedDictionary<TopicPartition, GroupOffset> found = [];
        foreach (OffsetFetchResponse.OffsetFetchGroupTopicResult topic in response.Groups.SelectMany(each => each.Topics))
        {
            foreach (
                OffsetFetchResponse.OffsetFetchGroupPartitionResult partition in topic.Partitions.Where(each =>
                    each.ErrorCode == ErrorCode.None
                )
            )
            {
                found[new(topic.Name, partition.PartitionIndex)] = new(
                    partition.CommittedOffset,
                    partition.CommittedLeaderEpoch,
                    partition.Metadata ?? ""
                );
            }
        }

        foreach (OffsetFetchResponse.OffsetFetchTopicResult topic in response.Topics)
        {
            foreach (
                OffsetFetchResponse.OffsetFetchPartitionResult partition in topic.Partitions.Where(each => each.ErrorCode == ErrorCode.None)
            )
            {
                found[new(topic.Name, partition.PartitionIndex)] = new(
                    partition.CommittedOffset,
                    partition.CommittedLeaderEpoch,
                    partition.Metadata ?? ""
                );
            }
        }

        return found;
    }

    /// <summary>Sets positions of a group that has no members.</summary>
    /// <exception cref="KafkaException">The coordinator cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> SetOffsetsAsync(
        string group,
        IReadOnlyDictionary<TopicPartition, Offset> offsets,
        CancellationToken cancel = default
    )
    {
        OffsetCommitRequest request = new()
        {
            GroupId = group,
            Topics = OffsetCommits.ByTopic(
                offsets.ToDictionary(each => each.Key, each => new OffsetAndEpoch(each.Value, LeaderEpoch.None))
            ),
        };
        OffsetCommitResponse response = await CoordinatorOf(group)
            .CallAsync(
                request,
                static r => FirstRetriable(r.Topics.SelectMany(topic => topic.Partitions), static p => p.ErrorCode),
                NewDeadline(cancel),
                LastWithTopicNames
            );
        return
        [
            .. response.Topics.SelectMany(topic =>
                topic.Partitions.Select(partition =>
                    ItemResult<TopicPartition>.From(
                        new(topic.Name, partition.PartitionIndex),
                        partition.ErrorCode,
                        Reason(partition.ErrorCode)
                    )
                )
            ),
        ];
    }

    /// <summary>Deletes groups that have no members, with their positions.</summary>
    /// <exception cref="KafkaException">A coordinator cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<string>>> DeleteAsync(IReadOnlyList<string> groups, CancellationToken cancel = default)
    {
        List<ItemResult<string>> results = [];
        CallDeadline deadline = NewDeadline(cancel);
        foreach (string group in groups)
        {
            DeleteGroupsResponse response = await CoordinatorOf(group)
                .CallAsync(new DeleteGroupsRequest { GroupsNames = [group] }, static r => r.Results[0].ErrorCode, deadline);
            results.Add(ItemResult<string>.From(group, response.Results[0].ErrorCode, Reason(response.Results[0].ErrorCode)));
        }

        return results;
    }

    /// <summary>Deletes positions of partitions whose topics the group is not subscribed to.</summary>
    /// <exception cref="KafkaException">The coordinator rejected all of them, or cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> DeleteOffsetsAsync(
        string group,
        IReadOnlyCollection<TopicPartition> partitions,
        CancellationToken cancel = default
    )
    {
        OffsetDeleteRequest request = new()
        {
            GroupId = group,
            Topics =
            [
                .. partitions
                    .GroupBy(each => each.Topic, StringComparer.Ordinal)
                    .Select(topic => new OffsetDeleteRequest.OffsetDeleteTopic
                    {
                        Name = topic.Key,
                        Partitions =
                        [
                            .. topic.Select(each => new OffsetDeleteRequest.OffsetDeletePartition { PartitionIndex = each.Partition }),
                        ],
                    }),
            ],
        };
        OffsetDeleteResponse response = await CoordinatorOf(group).CallAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        Check(response.ErrorCode, group, null);
        return
        [
            .. response.Topics.SelectMany(topic =>
                topic.Partitions.Select(partition =>
                    ItemResult<TopicPartition>.From(
                        new(topic.Name, partition.PartitionIndex),
                        partition.ErrorCode,
                        Reason(partition.ErrorCode)
                    )
                )
            ),
        ];
    }

    /// <summary>Puts static members out of a group (KIP-345): their partitions do not wait for the end of their sessions.</summary>
    /// <param name="group">The group.</param>
    /// <param name="instances">Their names (group.instance.id).</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">The coordinator rejected all of them, or cannot be asked in time.</exception>
    public ValueTask<IReadOnlyList<ItemResult<string>>> RemoveMembersAsync(
        string group,
        IReadOnlyCollection<string> instances,
        CancellationToken cancel = default
    ) => RemoveAsync(group, [.. instances.Select(static each => (Id: "", Instance: (string?)each))], NewDeadline(cancel));

    /// <summary>Puts all members out of a group. Those that live join again.</summary>
    /// <returns>A result for each, named by its instance or else by its member id.</returns>
    /// <exception cref="KafkaException">The coordinator rejected, or cannot be asked in time.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<string>>> RemoveAllMembersAsync(string group, CancellationToken cancel = default)
    {
        GroupDescription described = await DescribeAsync(group, cancel);
        return await RemoveAsync(group, [.. described.Members.Select(static each => (each.Id, each.InstanceId))], NewDeadline(cancel));
    }

    private async ValueTask<IReadOnlyList<ItemResult<string>>> RemoveAsync(
        string group,
        IReadOnlyList<(string Id, string? Instance)> members,
        CallDeadline deadline
    )
    {
        if (members.Count == 0)
        {
            return [];
        }

        LeaveGroupRequest request = new()
        {
            GroupId = group,
            MemberId = members[0].Id,
            Members =
            [
                .. members.Select(static each => new LeaveGroupRequest.MemberIdentity
                {
                    MemberId = each.Instance is null ? each.Id : "",
                    GroupInstanceId = each.Instance,
                    Reason = "an administrator has removed it",
                }),
            ],
        };
        LeaveGroupResponse response = await CoordinatorOf(group).CallAsync(request, static r => r.ErrorCode, deadline);
        if (response.Members.Count == 0)
        {
            // A version that knows one member alone says of it what it says of the request.
            return [ItemResult<string>.From(members[0].Id, response.ErrorCode, Reason(response.ErrorCode))];
        }

        Check(response.ErrorCode, group, null);
        return response.Members.ConvertAll(each =>
            ItemResult<string>.From(
                each.GroupInstanceId ?? each.MemberId,
                each.ErrorCode,
                each.ErrorCode == ErrorCode.UnknownMemberId ? "the group has no such member" : null
            )
        );
    }

    private static GroupDescription Describe(ConsumerGroupDescribeResponse.DescribedConsumerGroup group) =>
        new(
            group.GroupId,
            Consumer,
            group.GroupState,
            group.AssignorName,
            group.Members.ConvertAll(member => new GroupMemberDescription(
                member.MemberId,
                member.InstanceId,
                member.ClientId,
                member.ClientHost,
                [
                    .. member
                        .Assignment.TopicPartitions.SelectMany(topic =>
                            topic.Partitions.Select(index => new TopicPartition(topic.TopicName, index))
                        )
                        .Order(),
                ]
            ))
        );

    private static GroupDescription Describe(DescribeGroupsResponse.DescribedGroup group) =>
        new(
            group.GroupId,
            Classic,
            group.GroupState,
            group.ProtocolData,
            group.Members.ConvertAll(member => new GroupMemberDescription(
                member.MemberId,
                member.GroupInstanceId,
                member.ClientId,
                member.ClientHost,
                group.ProtocolType == Consumer ? PartitionsOf(member.MemberAssignment) : []
            ))
        );

    /// <summary>Members of classic groups tell each other their partitions in a form of their own; a broker does not read it.</summary>
    private static IReadOnlyList<TopicPartition> PartitionsOf(ReadOnlyMemory<byte> assignment) =>
        ConsumerProtocol.TryReadAssignment(assignment) is { } read
            ?
            [
                .. read
                    .AssignedPartitions.SelectMany(topic => topic.Partitions.Select(index => new TopicPartition(topic.Topic, index)))
                    .Order(),
            ]
            : [];

    private static ErrorCode ErrorOf(OffsetFetchResponse response) => response.Groups is [{ } only] ? only.ErrorCode : response.ErrorCode;

    private static ErrorCode FirstRetriable<T>(IEnumerable<T> items, Func<T, ErrorCode> errorOf) =>
        items.Select(errorOf).FirstOrDefault(error => error.IsRetriable() && error != ErrorCode.UnknownTopicOrPartition);

    private static string? Reason(ErrorCode error) =>
        error switch
        {
            ErrorCode.NonEmptyGroup => "the group has members: stop them first",
            ErrorCode.GroupSubscribedToTopic => "members of the group read the topic: stop them first",
            ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration => "the group has members: stop them first",
            ErrorCode.GroupIdNotFound => "there is no such group",
            _ => null,
        };

    private static void Check(ErrorCode error, string group, string? message)
    {
        if (error != ErrorCode.None)
        {
            throw new KafkaException(error, $"group {group}: {message ?? Reason(error) ?? $"rejected with {error}"}");
        }
    }

    private Coordinator CoordinatorOf(string group) => new(CoordinatorKind.Group, group, _runtime, _calls, _calls, _metadata);

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);
}
