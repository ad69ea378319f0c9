using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Offsets;

/// <summary>OffsetFetch.</summary>
internal sealed class OffsetReads(ITopicsView topics, GroupTable groups, OffsetTable offsets)
{
    /// <summary>The first version that asks for several groups.</summary>
    private const short ManyGroups = 8;

    /// <summary>The first version that names topics by id.</summary>
    private const short ByTopicId = 10;

    public OffsetFetchResponse Fetch(short version, OffsetFetchRequest request)
    {
        OffsetFetchResponse response = new();
        if (version >= ManyGroups)
        {
            foreach (OffsetFetchRequest.OffsetFetchGroup group in request.Groups)
            {
                response.Groups.Add(Fetch(version, group, request.RequireStable));
            }

            return response;
        }

        OffsetFetchResponse.OffsetFetchGroupResult only = Fetch(version, OneGroup(request), request.RequireStable);
        response.ErrorCode = only.ErrorCode;
        response.Topics.AddRange(
            only.Topics.Select(topic => new OffsetFetchResponse.OffsetFetchTopicResult
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(each => new OffsetFetchResponse.OffsetFetchPartitionResult
                    {
                        PartitionIndex = each.PartitionIndex,
                        CommittedOffset = each.CommittedOffset,
                        CommittedLeaderEpoch = each.CommittedLeaderEpoch,
                        Metadata = each.Metadata,
                        ErrorCode = each.ErrorCode,
                    }),
                ],
            })
        );
        return response;
    }

    private static OffsetFetchRequest.OffsetFetchGroup OneGroup(OffsetFetchRequest request) =>
        new()
        {
            GroupId = request.GroupId,
            Topics = request.Topics is null
                ? null
                :
                [
                    .. request.Topics.Select(each => new OffsetFetchRequest.OffsetFetchGroupTopic
                    {
                        Name = each.Name,
                        PartitionIndexes = each.PartitionIndexes,
                    }),
                ],
        };

    private OffsetFetchResponse.OffsetFetchGroupResult Fetch(short version, OffsetFetchRequest.OffsetFetchGroup request, bool requireStable)
    {
        OffsetFetchResponse.OffsetFetchGroupResult result = new() { GroupId = request.GroupId };
        result.ErrorCode = groups.Find(request.GroupId)?.ValidateFetch(request.MemberId, request.MemberEpoch) ?? ErrorCode.None;
        if (result.ErrorCode != ErrorCode.None)
        {
            return result;
        }

        if (request.Topics is null)
        {
            FetchAll(version, request.GroupId, requireStable, result);
            return result;
        }

        // Kafka's own test wants those whose ids are unknown behind the others.
        List<OffsetFetchResponse.OffsetFetchGroupTopicResult> unknown = [];
        foreach (OffsetFetchRequest.OffsetFetchGroupTopic each in request.Topics)
        {
            TopicFacts? topic;
            bool isKnown = version >= ByTopicId ? topics.TryFind(each.TopicId, out topic) : topics.TryFind(each.Name, out topic);
            OffsetFetchResponse.OffsetFetchGroupTopicResult topicResult = new() { Name = each.Name, TopicId = each.TopicId };
            foreach (int partition in each.PartitionIndexes)
            {
                topicResult.Partitions.Add(
                    version >= ByTopicId && !isKnown
                        ? Nothing(partition, ErrorCode.UnknownTopicId)
                        : Fetch(request.GroupId, topic?.Name ?? each.Name, topic?.Id ?? Uuid.Zero, partition, requireStable)
                );
            }

            (version >= ByTopicId && !isKnown ? unknown : result.Topics).Add(topicResult);
        }

        result.Topics.AddRange(unknown);
        return result;
    }

    private void FetchAll(short version, string groupId, bool requireStable, OffsetFetchResponse.OffsetFetchGroupResult result)
    {
        if (offsets.Find(groupId) is not { } group)
        {
            return;
        }

        foreach ((string name, SortedDictionary<int, CommittedOffset> partitions) in group.Committed)
        {
            // A topic that is gone has no id to be named by.
            bool isKnown = topics.TryFind(name, out TopicFacts? topic);
            if (!isKnown && version >= ByTopicId)
            {
                continue;
            }

            OffsetFetchResponse.OffsetFetchGroupTopicResult topicResult = new() { Name = name, TopicId = topic?.Id ?? Uuid.Zero };
            foreach ((int partition, CommittedOffset committed) in partitions)
            {
                if (committed.IsOf(topicResult.TopicId))
                {
                    topicResult.Partitions.Add(Fetch(groupId, name, topicResult.TopicId, partition, requireStable));
                }
            }

            if (topicResult.Partitions.Count > 0)
            {
                result.Topics.Add(topicResult);
            }
        }
    }

    private OffsetFetchResponse.OffsetFetchGroupPartitionResult Fetch(
        string groupId,
        string topic,
        Uuid topicId,
        int partition,
        bool requireStable
    )
    {
        if (requireStable && offsets.HasStaged(groupId, topic, partition))
        {
            return Nothing(partition, ErrorCode.UnstableOffsetCommit);
        }

        if (!offsets.TryFind(groupId, topic, partition, out CommittedOffset? found) || !found.Value.IsOf(topicId))
        {
            return Nothing(partition, ErrorCode.None);
        }

        return new()
        {
            PartitionIndex = partition,
            CommittedOffset = found.Value.Offset,
            CommittedLeaderEpoch = found.Value.LeaderEpoch,
            Metadata = found.Value.Metadata,
        };
    }

    private static OffsetFetchResponse.OffsetFetchGroupPartitionResult Nothing(int partition, ErrorCode error) =>
        new()
        {
            PartitionIndex = partition,
            CommittedOffset = Offset.None,
            Metadata = "",
            ErrorCode = error,
        };
}
