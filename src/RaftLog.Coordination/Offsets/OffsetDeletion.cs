using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Offsets;

/// <summary>
/// How committed offsets go: deleted one by one, with their group, with their topic, or because nobody has used them for long.
/// </summary>
internal sealed class OffsetDeletion(IGroupSettings settings, ITopicsView topics, GroupTable groups, OffsetTable offsets)
{
    /// <summary>The most records, but for those of one more group, that go into one batch.</summary>
    public const int MaxRecords = 1_000;

    /// <summary>Deletes offsets of topics that nobody in the group subscribes to.</summary>
    public OffsetDeleteResponse Delete(OffsetDeleteRequest request, Outbox outbox)
    {
        ErrorCode error = groups.Find(request.GroupId) is { } group ? group.ValidateOffsetDelete() : ErrorCode.GroupIdNotFound;
        if (error != ErrorCode.None)
        {
            return new OffsetDeleteResponse { ErrorCode = error };
        }

        OffsetDeleteResponse response = new();
        foreach (OffsetDeleteRequest.OffsetDeleteTopic each in request.Topics)
        {
            bool isSubscribed = groups.Find(request.GroupId)!.IsSubscribedTo(each.Name);
            topics.TryFind(each.Name, out TopicFacts? topic);
            OffsetDeleteResponse.OffsetDeleteTopicResult result = new() { Name = each.Name };
            foreach (OffsetDeleteRequest.OffsetDeletePartition partition in each.Partitions)
            {
                ErrorCode own =
                    topic is null || (uint)partition.PartitionIndex >= (uint)topic.PartitionCount ? ErrorCode.UnknownTopicOrPartition
                    : isSubscribed ? ErrorCode.GroupSubscribedToTopic
                    : ErrorCode.None;
                if (own == ErrorCode.None && Has(request.GroupId, each.Name, partition.PartitionIndex))
                {
                    outbox.Append(GroupRecords.OffsetTombstone(request.GroupId, each.Name, partition.PartitionIndex));
                }

                result.Partitions.Add(new() { PartitionIndex = partition.PartitionIndex, ErrorCode = own });
            }

            response.Topics.Add(result);
        }

        return response;
    }

    /// <summary>Deletes all offsets of a group, and what open transactions have staged for it.</summary>
    public void DeleteAll(string groupId, Outbox outbox)
    {
        if (offsets.Find(groupId) is not { } group)
        {
            return;
        }

        foreach ((string topic, SortedDictionary<int, CommittedOffset> partitions) in group.Committed)
        {
            foreach (int partition in partitions.Keys)
            {
                outbox.Append(GroupRecords.OffsetTombstone(groupId, topic, partition));
            }
        }

        foreach (TopicPartition staged in group.Staged.Keys)
        {
            if (!offsets.TryFind(groupId, staged.Topic, staged.Partition, out _))
            {
                outbox.Append(GroupRecords.OffsetTombstone(groupId, staged.Topic, staged.Partition));
            }
        }
    }

    /// <summary>Deletes the offsets of a topic that is gone; those of a topic of the same name that has come since stay.</summary>
    /// <returns>False when there is more than one batch of records should hold: the rest is to be asked for again.</returns>
    public bool DeleteTopic(string topic, Uuid topicId, Outbox outbox)
    {
        foreach (string groupId in offsets.Groups)
        {
            if (outbox.Records.Count >= MaxRecords)
            {
                return false;
            }

            GroupOffsets group = offsets.Find(groupId)!;
            if (group.Committed.TryGetValue(topic, out SortedDictionary<int, CommittedOffset>? partitions))
            {
                foreach ((int partition, CommittedOffset committed) in partitions)
                {
                    if (committed.IsOf(topicId))
                    {
                        outbox.Append(GroupRecords.OffsetTombstone(groupId, topic, partition));
                    }
                }
            }

            foreach (TopicPartition staged in group.Staged.Keys.Where(each => each.Topic == topic))
            {
                if (!offsets.TryFind(groupId, topic, staged.Partition, out _))
                {
                    outbox.Append(GroupRecords.OffsetTombstone(groupId, topic, staged.Partition));
                }
            }
        }

        return true;
    }

    /// <summary>Deletes the group's offsets that have expired, except where a transaction is going to commit another.</summary>
    /// <returns>True when the group has no offsets but those that were deleted here.</returns>
    public bool Expire(Group group, CoordinatorTime now, Outbox outbox)
    {
        if (offsets.Find(group.Id) is not { } own)
        {
            return true;
        }

        bool isAll = own.Staged.Count == 0;
        foreach ((string topic, SortedDictionary<int, CommittedOffset> partitions) in own.Committed)
        {
            bool isSubscribed = group.IsSubscribedTo(topic);
            foreach ((int partition, CommittedOffset committed) in partitions)
            {
                if (!isSubscribed && HasExpired(group, committed, now.WallMs) && !offsets.HasStaged(group.Id, topic, partition))
                {
                    outbox.Append(GroupRecords.OffsetTombstone(group.Id, topic, partition));
                }
                else
                {
                    isAll = false;
                }
            }
        }

        return isAll;
    }

    private bool HasExpired(Group group, in CommittedOffset committed, long wallMs)
    {
        if (group.UnusedSinceMs(committed.CommitTimestampMs) is not { } since)
        {
            return false;
        }

        return committed.ExpireTimestampMs == CommittedOffset.NoExpiry
            ? wallMs - since >= settings.Offsets.RetentionMs
            : wallMs >= committed.ExpireTimestampMs;
    }

    private bool Has(string groupId, string topic, int partition) =>
        offsets.TryFind(groupId, topic, partition, out _) || offsets.HasStaged(groupId, topic, partition);
}
