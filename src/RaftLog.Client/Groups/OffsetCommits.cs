using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>The committed offsets of one group: written and read at its coordinator, again and again while the reason passes.</summary>
internal sealed class OffsetCommits(string group, string? instance, ClientRuntime runtime, Coordinator coordinator)
{
    /// <summary>The last version that names topics.</summary>
    private const short CommitByName = 9;

    /// <summary>The last version that is about one group.</summary>
    private const short FetchOneGroup = 7;

    /// <summary>Commits offsets as a member, or as nobody in particular.</summary>
    /// <param name="offsets">Of each partition where to go on.</param>
    /// <param name="identity">Who commits. A member of a consumer group whose epoch has moved on commits again in the new one, as long as
    /// it has not been put out in between.</param>
    /// <param name="deadline">Until when.</param>
    /// <exception cref="KafkaException">They were not committed: the member was put out of the group, or time is over.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask CommitAsync(
        IReadOnlyDictionary<TopicPartition, OffsetAndEpoch> offsets,
        Func<GroupIdentity> identity,
        CallDeadline deadline
    )
    {
        if (offsets.Count == 0)
        {
            return;
        }

        GroupIdentity first = identity();
        GroupIdentity member = first;
        OffsetCommitRequest request = new()
        {
            GroupId = group,
            MemberId = member.MemberId,
            GroupInstanceId = instance,
            Topics = ByTopic(offsets),
        };
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            request.GenerationIdOrMemberEpoch = member.Generation;
            (_, ErrorCode error, string reason) = await coordinator.TryCallAsync(request, WorstOf, deadline, highestVersion: CommitByName);
            if (error == ErrorCode.None)
            {
                return;
            }

            if (!(error.IsRetriable() || error == ErrorCode.StaleMemberEpoch) || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"offsets of group '{group}' were not committed: {reason}");
            }

            member = identity();
            if (member.Life != first.Life || (first.IsMember && !member.IsMember))
            {
                throw NotAMember();
            }
        }
    }

    /// <summary>Reads committed offsets; none where there is none.</summary>
    /// <exception cref="KafkaException">The coordinator rejected, or time is over.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<SortedDictionary<TopicPartition, OffsetAndEpoch>> FetchAsync(
        IReadOnlyCollection<TopicPartition> partitions,
        CallDeadline deadline
    )
    {
        SortedDictionary<TopicPartition, OffsetAndEpoch> committed = [];
        if (partitions.Count == 0)
        {
            return committed;
        }

        OffsetFetchRequest request = new()
        {
            GroupId = group,

            // Whatever the consumer reads: an offset that a transaction is about to commit is waited for, or what it covers is done twice
            // (KIP-447).
            RequireStable = true,
            Topics =
            [
                .. partitions
                    .GroupBy(each => each.Topic, StringComparer.Ordinal)
                    .Select(topic => new OffsetFetchRequest.OffsetFetchTopic
                    {
                        Name = topic.Key,
                        PartitionIndexes = [.. topic.Select(each => each.Partition)],
                    }),
            ],
        };
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            (OffsetFetchResponse? response, ErrorCode error, string reason) = await coordinator.TryCallAsync(
                request,
                WorstOf,
                deadline,
                highestVersion: FetchOneGroup
            );
            if (error == ErrorCode.None && response is not null)
            {
                foreach (OffsetFetchResponse.OffsetFetchTopicResult topic in response.Topics)
                {
                    topic.Partitions.ForEach(each =>
                        committed[new TopicPartition(topic.Name, each.PartitionIndex)] = new(
                            each.CommittedOffset,
                            each.CommittedLeaderEpoch
                        )
                    );
                }

                return committed;
            }

            if (!error.IsRetriable() || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"committed offsets of group '{group}' cannot be read: {reason}");
            }
        }
    }

    /// <summary>What a commit fails with when its member was put out of the group.</summary>
    public KafkaException NotAMember() =>
        new(
            ErrorCode.UnknownMemberId,
            $"offsets of group '{group}' were not committed: the consumer is no member of the group (any more), and others may read its "
                + $"partitions; read on to join again"
        );

    /// <summary>Offsets in the form of a request: partitions under their topics, without metadata.</summary>
    public static List<OffsetCommitRequest.OffsetCommitTopic> ByTopic(IReadOnlyDictionary<TopicPartition, OffsetAndEpoch> offsets) =>
        [
            .. offsets
                .GroupBy(each => each.Key.Topic, StringComparer.Ordinal)
                .Select(topic => new OffsetCommitRequest.OffsetCommitTopic
                {
                    Name = topic.Key,
                    Partitions =
                    [
                        .. topic.Select(each => new OffsetCommitRequest.OffsetCommitPartition
                        {
                            PartitionIndex = each.Key.Partition,
                            CommittedOffset = each.Value.Offset,
                            CommittedLeaderEpoch = each.Value.Epoch,
                            CommittedMetadata = "",
                        }),
                    ],
                }),
        ];

    private static ErrorCode WorstOf(OffsetCommitResponse response) =>
        Worst(response.Topics.SelectMany(topic => topic.Partitions.Select(each => each.ErrorCode)));

    private static ErrorCode WorstOf(OffsetFetchResponse response) =>
        response.ErrorCode != ErrorCode.None
            ? response.ErrorCode
            : Worst(response.Topics.SelectMany(topic => topic.Partitions.Select(each => each.ErrorCode)));

    /// <summary>An error that stays before one that passes before none.</summary>
    private static ErrorCode Worst(IEnumerable<ErrorCode> errors)
    {
        ErrorCode worst = ErrorCode.None;
        foreach (ErrorCode error in errors)
        {
            if (error != ErrorCode.None && (worst == ErrorCode.None || (worst.IsRetriable() && !error.IsRetriable())))
            {
                worst = error;
            }
        }

        return worst;
    }
}
