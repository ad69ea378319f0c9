using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>A wish to move a partition to other brokers (KIP-455).</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition's index.</param>
/// <param name="Replicas">The brokers that shall hold it, the preferred leader first; null to cancel what is under way.</param>
public sealed record Reassignment(string Topic, int Partition, ValueList<NodeId>? Replicas);

/// <summary>What became of such a wish.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition's index.</param>
/// <param name="Error">Why it was refused, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Message">The same for people, null when it was accepted.</param>
public sealed record ReassignmentOutcome(string Topic, int Partition, ErrorCode Error, string? Message);

/// <summary>
/// Begins and cancels moves of replicas (KIP-455). The new replicas are added at once, the old ones go when all new ones are in sync:
/// <see cref="PartitionChangeBuilder"/> ends a move with whatever change brings that about.
/// </summary>
internal static class Reassignments
{
    public static ControllerResult<IReadOnlyList<ReassignmentOutcome>> Alter(
        MetadataImage image, IConfigTable configs, IReadOnlyList<Reassignment> wishes, bool allowReplicationFactorChange)
    {
        Draft draft = new(image);
        List<ReassignmentOutcome> outcomes = new(wishes.Count);
        foreach (Reassignment wish in wishes)
        {
            Refusal? refusal = AlterOne(draft, configs, wish, allowReplicationFactorChange);
            outcomes.Add(new ReassignmentOutcome(wish.Topic, wish.Partition, refusal?.Error ?? ErrorCode.None, refusal?.Message));
        }

        return draft.Answer<IReadOnlyList<ReassignmentOutcome>>(outcomes);
    }

    private static Refusal? AlterOne(Draft draft, IConfigTable configs, Reassignment wish, bool allowReplicationFactorChange)
    {
        MetadataImage image = draft.Image;
        if (!image.Topics.TryGet(wish.Topic, out TopicImage? topic) || !topic.Partitions.TryGetValue(wish.Partition, out PartitionRegistration? partition))
        {
            return new Refusal(ErrorCode.UnknownTopicOrPartition, $"There is no partition {wish.Topic}-{wish.Partition}.");
        }

        PartitionChangeBuilder change = new(image, topic.Id, wish.Partition, partition) { Election = Leadership.KindFor(image, configs, topic) };
        Refusal? refusal = wish.Replicas is null
            ? TryCancel(partition, change)
            : TryBegin(image, partition, wish, allowReplicationFactorChange, change);
        if (refusal is null)
        {
            draft.AddIfAny(change.Build());
        }

        return refusal;
    }

    private static Refusal? TryCancel(PartitionRegistration partition, PartitionChangeBuilder change)
    {
        if (!partition.IsReassigning)
        {
            return new Refusal(ErrorCode.NoReassignmentInProgress, "No reassignment is under way.");
        }

        change.Replicas = Settled(partition);
        change.Isr = [.. partition.Isr.Where(change.Replicas.Contains)];
        change.Adding = [];
        change.Removing = [];
        return change.Isr.Count > 0
            ? null
            : new Refusal(ErrorCode.InvalidReplicaAssignment, "The reassignment cannot be cancelled: only replicas that it added are in sync.");
    }

    private static Refusal? TryBegin(
        MetadataImage image, PartitionRegistration partition, Reassignment wish, bool allowReplicationFactorChange, PartitionChangeBuilder change)
    {
        ValueList<NodeId> target = wish.Replicas ?? [];
        ValueList<NodeId> settled = Settled(partition);
        if (ReplicaAssignments.Judge(image, wish.Partition, target, replicationFactor: null) is { } refusal)
        {
            return refusal;
        }

        if (!allowReplicationFactorChange && target.Count != settled.Count)
        {
            return new Refusal(
                ErrorCode.InvalidReplicationFactor, $"The partition has {settled.Count} replicas and would have {target.Count}, which was not allowed.");
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
