using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Offsets;

/// <summary>OffsetCommit and TxnOffsetCommit: what is committed becomes records; nothing else changes here.</summary>
internal sealed class OffsetCommits(IGroupSettings settings, ITopicsView topics, GroupTable groups)
{
    /// <summary>The first version of OffsetCommit that names topics by id.</summary>
    private const short ByTopicId = 10;

    /// <summary>The first version of OffsetCommit that says of a group that it does not exist.</summary>
    private const short KnowsGroupIdNotFound = 9;

    /// <summary>Commits at once.</summary>
    public OffsetCommitResponse Commit(in GroupCaller caller, OffsetCommitRequest request, CoordinatorTime now, Outbox outbox)
    {
        CommitSender sender = new(
            request.MemberId,
            request.GroupInstanceId,
            request.GenerationIdOrMemberEpoch,
            CommitKind.Plain,
            caller.ApiVersion
        );
        long expiresMs =
            request.RetentionTimeMs == CommittedOffset.NoExpiry ? CommittedOffset.NoExpiry : now.WallMs + request.RetentionTimeMs;
        OffsetCommitResponse response = new();
        List<Commitment> known = [];
        foreach (OffsetCommitRequest.OffsetCommitTopic each in request.Topics)
        {
            TopicFacts? topic = Find(each, caller.ApiVersion);
            OffsetCommitResponse.OffsetCommitTopicResult result = new() { Name = each.Name, TopicId = each.TopicId };
            foreach (OffsetCommitRequest.OffsetCommitPartition partition in each.Partitions)
            {
                ErrorCode error =
                    topic is null && caller.ApiVersion >= ByTopicId ? ErrorCode.UnknownTopicId : Exists(topic, partition.PartitionIndex);
                if (error == ErrorCode.None)
                {
                    CommittedOffset committed = new(
                        partition.CommittedOffset,
                        partition.CommittedLeaderEpoch,
                        partition.CommittedMetadata ?? "",
                        now.WallMs,
                        expiresMs,
                        topic!.Id,
                        Offset.None
                    );
                    known.Add(
                        new Commitment(
                            topic,
                            partition.PartitionIndex,
                            committed,
                            new Place(response.Topics.Count, result.Partitions.Count)
                        )
                    );
                }

                result.Partitions.Add(new() { PartitionIndex = partition.PartitionIndex, ErrorCode = error });
            }

            response.Topics.Add(result);
        }

        ErrorCode groupError = known.Count == 0 ? ErrorCode.None : Validate(request.GroupId, sender, known);
        foreach (Commitment each in known)
        {
            response.Topics[each.Place.Topic].Partitions[each.Place.Partition].ErrorCode = Append(
                request.GroupId,
                groupError,
                each,
                outbox
            );
        }

        return response;
    }

    /// <summary>Commits as part of a producer's transaction.</summary>
    public TxnOffsetCommitResponse Commit(in GroupCaller caller, TxnOffsetCommitRequest request, CoordinatorTime now, Outbox outbox)
    {
        CommitSender sender = new(
            request.MemberId,
            request.GroupInstanceId,
            request.GenerationId,
            CommitKind.Transactional,
            caller.ApiVersion
        );
        TxnOffsetCommitResponse response = new();
        List<Commitment> known = [];
        foreach (TxnOffsetCommitRequest.TxnOffsetCommitTopic each in request.Topics)
        {
            topics.TryFind(each.Name, out TopicFacts? topic);
            TxnOffsetCommitResponse.TxnOffsetCommitTopicResult result = new() { Name = each.Name };
            foreach (TxnOffsetCommitRequest.TxnOffsetCommitPartition partition in each.Partitions)
            {
                ErrorCode error = Exists(topic, partition.PartitionIndex);
                if (error == ErrorCode.None)
                {
                    // The request names topics by name only, so the record has no id, as Kafka's.
                    CommittedOffset committed = new(
                        partition.CommittedOffset,
                        partition.CommittedLeaderEpoch,
                        partition.CommittedMetadata ?? "",
                        now.WallMs,
                        CommittedOffset.NoExpiry,
                        Uuid.Zero,
                        Offset.None
                    );
                    known.Add(
                        new Commitment(
                            topic!,
                            partition.PartitionIndex,
                            committed,
                            new Place(response.Topics.Count, result.Partitions.Count)
                        )
                    );
                }

                result.Partitions.Add(new() { PartitionIndex = partition.PartitionIndex, ErrorCode = error });
            }

            response.Topics.Add(result);
        }

        ErrorCode groupError = known.Count == 0 ? ErrorCode.None : Validate(request.GroupId, sender, known);
        foreach (Commitment each in known)
        {
            response.Topics[each.Place.Topic].Partitions[each.Place.Partition].ErrorCode = Append(
                request.GroupId,
                groupError,
                each,
                outbox
            );
        }

        if (outbox.Records.Count > 0)
        {
            outbox.Producer = new ProducerStamp(request.ProducerId, request.ProducerEpoch, ProducerStamp.NoSequence);
        }

        return response;
    }

    private ErrorCode Append(string groupId, ErrorCode groupError, in Commitment commitment, Outbox outbox)
    {
        if (groupError != ErrorCode.None)
        {
            return groupError;
        }

        if (commitment.Committed.Metadata.Length > settings.Offsets.MetadataMaxLength)
        {
            return ErrorCode.OffsetMetadataTooLarge;
        }

        outbox.Append(GroupRecords.OffsetCommit(groupId, commitment.Topic.Name, commitment.Partition, commitment.Committed));
        return ErrorCode.None;
    }

    private ErrorCode Validate(string groupId, in CommitSender sender, List<Commitment> known)
    {
        if (groups.Find(groupId) is not { } group)
        {
            // From outside of a group the commit makes one that has offsets only.
            return sender.Generation < 0 ? ErrorCode.None
                : sender.Kind == CommitKind.Plain && sender.ApiVersion >= KnowsGroupIdNotFound ? ErrorCode.GroupIdNotFound
                : ErrorCode.IllegalGeneration;
        }

        ErrorCode error = group.ValidateCommit(sender);
        for (int i = 0; i < known.Count && error == ErrorCode.None; i++)
        {
            error = group.ValidateCommit(sender, known[i].Topic.Id, known[i].Partition);
        }

        return error;
    }

    private TopicFacts? Find(OffsetCommitRequest.OffsetCommitTopic topic, short version)
    {
        TopicFacts? found;
        return version >= ByTopicId
            ? topics.TryFind(topic.TopicId, out found)
                ? found
                : null
            : topics.TryFind(topic.Name, out found)
                ? found
                : null;
    }

    private static ErrorCode Exists(TopicFacts? topic, int partition) =>
        topic is not null && (uint)partition < (uint)topic.PartitionCount ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition;

    /// <summary>Where the response says what became of a commit.</summary>
    private readonly record struct Place(int Topic, int Partition);

    /// <summary>An offset to commit for a partition that exists.</summary>
    private readonly record struct Commitment(TopicFacts Topic, int Partition, CommittedOffset Committed, Place Place);
}
