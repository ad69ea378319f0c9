using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Tests.World;

/// <summary>Requests about offsets of one partition.</summary>
internal static class OffsetRequests
{
    public static ErrorCode Commit(
        this Shard shard,
        string groupId,
        string topic,
        int partition,
        long offset,
        string memberId = "",
        int generation = -1,
        string? instanceId = null,
        short version = 9,
        string? metadata = null,
        long retentionMs = -1
    )
    {
        OffsetCommitRequest request = new()
        {
            GroupId = groupId,
            MemberId = memberId,
            GroupInstanceId = instanceId,
            GenerationIdOrMemberEpoch = generation,
            RetentionTimeMs = retentionMs,
            Topics =
            [
                new OffsetCommitRequest.OffsetCommitTopic
                {
                    Name = topic,
                    TopicId = shard.Topics.TryFind(topic, out Topics.TopicFacts? facts) ? facts.Id : Uuid.Zero,
                    Partitions =
                    [
                        new OffsetCommitRequest.OffsetCommitPartition
                        {
                            PartitionIndex = partition,
                            CommittedOffset = new Offset(offset),
                            CommittedMetadata = metadata,
                        },
                    ],
                },
            ],
        };
        OffsetCommitResponse response = shard.Ask<OffsetCommitRequest, OffsetCommitResponse>(shard.State.OffsetCommit, version, request);
        return Assert.Single(Assert.Single(response.Topics).Partitions).ErrorCode;
    }

    public static ErrorCode CommitInTransaction(
        this Shard shard,
        long producer,
        string groupId,
        string topic,
        int partition,
        long offset,
        string memberId = "",
        int generation = -1
    )
    {
        TxnOffsetCommitRequest request = new()
        {
            TransactionalId = "tx",
            GroupId = groupId,
            ProducerId = new ProducerId(producer),
            ProducerEpoch = new ProducerEpoch(0),
            MemberId = memberId,
            GenerationId = generation,
            Topics =
            [
                new TxnOffsetCommitRequest.TxnOffsetCommitTopic
                {
                    Name = topic,
                    Partitions =
                    [
                        new TxnOffsetCommitRequest.TxnOffsetCommitPartition
                        {
                            PartitionIndex = partition,
                            CommittedOffset = new Offset(offset),
                        },
                    ],
                },
            ],
        };
        TxnOffsetCommitResponse response = shard.Ask<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(
            shard.State.TxnOffsetCommit,
            5,
            request
        );
        return Assert.Single(Assert.Single(response.Topics).Partitions).ErrorCode;
    }

    /// <summary>The committed offset, -1 for none, and the error.</summary>
    public static (long Offset, ErrorCode Error) Fetch(
        this Shard shard,
        string groupId,
        string topic,
        int partition,
        bool requireStable = false,
        short version = 9,
        string? memberId = null,
        int memberEpoch = -1
    )
    {
        OffsetFetchRequest request = new()
        {
            RequireStable = requireStable,
            Groups =
            [
                new OffsetFetchRequest.OffsetFetchGroup
                {
                    GroupId = groupId,
                    MemberId = memberId,
                    MemberEpoch = memberEpoch,
                    Topics =
                    [
                        new OffsetFetchRequest.OffsetFetchGroupTopic
                        {
                            Name = topic,
                            TopicId = shard.Topics.TryFind(topic, out Topics.TopicFacts? facts) ? facts.Id : Uuid.Zero,
                            PartitionIndexes = [partition],
                        },
                    ],
                },
            ],
        };
        OffsetFetchResponse.OffsetFetchGroupResult group = Assert.Single(
            shard.Ask<OffsetFetchRequest, OffsetFetchResponse>(shard.State.OffsetFetch, version, request).Groups
        );
        if (group.ErrorCode != ErrorCode.None)
        {
            return (-1, group.ErrorCode);
        }

        OffsetFetchResponse.OffsetFetchGroupPartitionResult result = Assert.Single(Assert.Single(group.Topics).Partitions);
        return (result.CommittedOffset.Value, result.ErrorCode);
    }

    public static ErrorCode DeleteGroup(this Shard shard, string groupId) =>
        Assert
            .Single(
                shard
                    .Ask<DeleteGroupsRequest, DeleteGroupsResponse>(
                        shard.State.DeleteGroups,
                        2,
                        new DeleteGroupsRequest { GroupsNames = [groupId] }
                    )
                    .Results
            )
            .ErrorCode;

    /// <summary>The error of the request, or of its one partition.</summary>
    public static ErrorCode DeleteOffset(this Shard shard, string groupId, string topic, int partition)
    {
        OffsetDeleteRequest request = new()
        {
            GroupId = groupId,
            Topics =
            [
                new OffsetDeleteRequest.OffsetDeleteTopic
                {
                    Name = topic,
                    Partitions = [new OffsetDeleteRequest.OffsetDeletePartition { PartitionIndex = partition }],
                },
            ],
        };
        OffsetDeleteResponse response = shard.Ask<OffsetDeleteRequest, OffsetDeleteResponse>(shard.State.OffsetDelete, 0, request);
        return response.ErrorCode != ErrorCode.None
            ? response.ErrorCode
            : Assert.Single(Assert.Single(response.Topics).Partitions).ErrorCode;
    }

    public static List<ListGroupsResponse.ListedGroup> List(this Shard shard, string[]? states = null, string[]? types = null) =>
        shard
            .Ask<ListGroupsRequest, ListGroupsResponse>(
                shard.State.ListGroups,
                5,
                new ListGroupsRequest { StatesFilter = [.. states ?? []], TypesFilter = [.. types ?? []] }
            )
            .Groups;

    public static DescribeGroupsResponse.DescribedGroup Describe(this Shard shard, string groupId, short version = 6) =>
        Assert.Single(
            shard
                .Ask<DescribeGroupsRequest, DescribeGroupsResponse>(
                    shard.State.DescribeGroups,
                    version,
                    new DescribeGroupsRequest { Groups = [groupId] }
                )
                .Groups
        );
}
