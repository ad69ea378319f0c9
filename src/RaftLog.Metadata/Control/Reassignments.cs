using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>
/// Begins, cancels and lists moves of replicas (KIP-455). The new replicas are added at once, the old ones go when all new ones are in
/// sync: <see cref="PartitionChangeBuilder"/> ends a move with whatever change brings that about.
/// </summary>
internal static class Reassignments
{
    public static ControllerResult<AlterPartitionReassignmentsResponse> Alter(
        MetadataImage image,
        IConfigTable configs,
        AlterPartitionReassignmentsRequest request
    )
    {
        Draft draft = new(image);
        AlterPartitionReassignmentsResponse response = new()
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,
            ErrorMessage = null,
        };
        foreach (AlterPartitionReassignmentsRequest.ReassignableTopic topic in request.Topics)
        {
            AlterPartitionReassignmentsResponse.ReassignableTopicResponse responses = new() { Name = topic.Name };
            response.Responses.Add(responses);
            foreach (AlterPartitionReassignmentsRequest.ReassignablePartition wish in topic.Partitions)
            {
                ControlError? rejection = AlterOne(draft, configs, topic.Name, wish, request.AllowReplicationFactorChange);
                responses.Partitions.Add(
                    new()
                    {
                        PartitionIndex = wish.PartitionIndex,
                        ErrorCode = rejection?.Error ?? ErrorCode.None,
                        ErrorMessage = rejection?.Message,
                    }
                );
            }
        }

        return draft.Respond(response);
    }

    /// <summary>What is under way among the partitions asked for; what does not exist is left out like what does not move.</summary>
    public static ListPartitionReassignmentsResponse List(MetadataImage image, ListPartitionReassignmentsRequest request)
    {
        ListPartitionReassignmentsResponse response = new() { ErrorMessage = null };
        foreach ((TopicImage topic, IEnumerable<int> partitions) in Asked(image, request))
        {
            ListPartitionReassignmentsResponse.OngoingTopicReassignment moving = new() { Name = topic.Name };
            foreach (int index in partitions)
            {
                if (topic.Partitions.TryGetValue(index, out PartitionRegistration? partition) && partition.IsReassigning)
                {
                    moving.Partitions.Add(
                        new()
                        {
                            PartitionIndex = index,
                            Replicas = partition.Replicas.ToList(),
                            AddingReplicas = partition.AddingReplicas.ToList(),
                            RemovingReplicas = partition.RemovingReplicas.ToList(),
                        }
                    );
                }
            }

            if (moving.Partitions.Count > 0)
            {
                response.Topics.Add(moving);
            }
        }

        return response;
    }

    private static IEnumerable<(TopicImage Topic, IEnumerable<int> Partitions)> Asked(
        MetadataImage image,
        ListPartitionReassignmentsRequest request
    )
    {
        if (request.Topics is null)
        {
            foreach (TopicImage topic in image.Topics.InNameOrder)
            {
                yield return (topic, topic.Partitions.Keys);
            }

            yield break;
        }

        foreach (ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopic asked in request.Topics)
        {
            if (image.Topics.TryGet(asked.Name, out TopicImage? topic))
            {
                yield return (topic, asked.PartitionIndexes);
            }
        }
    }

    private static ControlError? AlterOne(
        Draft draft,
        IConfigTable configs,
        string topicName,
        AlterPartitionReassignmentsRequest.ReassignablePartition wish,
        bool allowReplicationFactorChange
    )
    {
        MetadataImage image = draft.Image;
        if (!image.Topics.TryGet(topicName, out TopicImage? topic))
        {
            return new ControlError(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{topicName}'.");
        }

        if (!topic.Partitions.TryGetValue(wish.PartitionIndex, out PartitionRegistration? partition))
        {
            return new ControlError(ErrorCode.UnknownTopicOrPartition, $"Topic '{topicName}' has no partition {wish.PartitionIndex}.");
        }

        ElectionKind election = Leadership.KindFor(image, configs, topic);
        PartitionChangeBuilder change = new(image, topic.Id, wish.PartitionIndex, partition) { Election = election };
        ControlError? rejection = wish.Replicas is null
            ? TryCancel(partition, election == ElectionKind.Unclean, change)
            : TryBegin(image, partition, wish.PartitionIndex, ValueList.From(wish.Replicas), allowReplicationFactorChange, change);
        if (rejection is null)
        {
            draft.AddIfAny(change.Build());
        }

        return rejection;
    }

    private static ControlError? TryCancel(PartitionRegistration partition, bool mayBeUnclean, PartitionChangeBuilder change)
    {
        if (!partition.IsReassigning)
        {
            return new ControlError(ErrorCode.NoReassignmentInProgress, "No reassignment is under way.");
        }

        change.Replicas = Settled(partition);
        change.Isr = [.. partition.Isr.Where(change.Replicas.Contains)];
        change.Adding = [];
        change.Removing = [];
        if (change.Isr.Count > 0)
        {
            return null;
        }

        if (!mayBeUnclean || change.Replicas.Count == 0)
        {
            return new ControlError(
                ErrorCode.InvalidReplicaAssignment,
                $"The reassignment cannot be cancelled: only replicas that it added are in sync, and {Leadership.UncleanElectionKey} is "
                    + $"off."
            );
        }

        change.Isr = [change.Replicas[0]];
        change.RecoveryState = LeaderRecoveryState.Recovering;
        return null;
    }

    private static ControlError? TryBegin(
        MetadataImage image,
        PartitionRegistration partition,
        int index,
        ValueList<NodeId> target,
        bool allowReplicationFactorChange,
        PartitionChangeBuilder change
    )
    {
        ValueList<NodeId> settled = Settled(partition);
        if (ReplicaAssignments.Judge(image, index, target, replicationFactor: null) is { } rejection)
        {
            return rejection;
        }

        if (!allowReplicationFactorChange && target.Count != settled.Count)
        {
            return new ControlError(
                ErrorCode.InvalidReplicationFactor,
                $"The replication factor is changed from {settled.Count} to {target.Count}"
            );
        }

        change.Removing = [.. partition.Replicas.Where(each => !target.Contains(each))];
        change.Adding = [.. target.Where(each => !settled.Contains(each))];
        change.Replicas = [.. target, .. change.Removing];
        return null;
    }

    /// <summary>The replicas without those that a move under way has added.</summary>
    private static ValueList<NodeId> Settled(PartitionRegistration partition) =>
        [.. partition.Replicas.Where(each => !partition.AddingReplicas.Contains(each))];
}
