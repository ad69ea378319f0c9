using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>Checks placements that people chose, makes those that they left to us, and turns them into new partitions.</summary>
internal sealed class ReplicaAssignments(IRandomSource random)
{
    /// <summary>
    /// What is wrong with the replicas that somebody chose for a new partition; null when nothing is. One of them at least must be there to
    /// lead.
    /// </summary>
    public static ControlError? JudgeNew(MetadataImage image, int partition, IReadOnlyList<NodeId> replicas, int replicationFactor) =>
        Judge(image, partition, replicas, replicationFactor) is { } rejection ? rejection
        : replicas.Any(each => image.Brokers[each].IsActive) ? null
        : Invalid($"All brokers in the assignment of partition {partition} are fenced or shutting down.");

    /// <summary>What is wrong with the replicas that somebody chose for one partition; null when nothing is.</summary>
    public static ControlError? Judge(MetadataImage image, int partition, IReadOnlyList<NodeId> replicas, int? replicationFactor)
    {
        if (replicas.Count == 0)
        {
            return Invalid($"The assignment of partition {partition} has no replicas.");
        }

        if (replicas.Distinct().Count() != replicas.Count)
        {
            return Invalid($"The assignment of partition {partition} names a broker twice: {string.Join(", ", replicas)}.");
        }

        foreach (NodeId replica in replicas)
        {
            if (!image.Brokers.ContainsKey(replica))
            {
                return Invalid($"The assignment of partition {partition} names broker {replica}, which is not registered.");
            }
        }

        return replicationFactor is { } expected && replicas.Count != expected
            ? Invalid($"The assignment of partition {partition} has {replicas.Count} replicas, and the others have {expected}.")
            : null;
    }

    /// <summary>Places new partitions; what is wrong when that is impossible.</summary>
    public ControlError? TryPlace(MetadataImage image, int partitions, int replicationFactor, out IReadOnlyList<ValueList<NodeId>> placed)
    {
        List<PlacementTarget> targets =
        [
            .. image
                .Brokers.Values.Where(each => each.TakesNewReplicas)
                .Select(each => new PlacementTarget(each.Id, each.Rack, !each.IsActive)),
        ];
        string? rejection = ReplicaPlacement.Rejection(targets, replicationFactor);
        placed = rejection is null ? ReplicaPlacement.Place(targets, partitions, replicationFactor, random) : [];
        return rejection is null ? null : new ControlError(ErrorCode.InvalidReplicationFactor, rejection);
    }

    /// <summary>The record of a new partition: the active replicas are in sync, the first of them leads.</summary>
    public static PartitionRecord NewPartition(MetadataImage image, Uuid topic, int partition, IReadOnlyList<NodeId> replicas)
    {
        List<NodeId> isr = [.. replicas.Where(each => image.Brokers[each].IsActive)];
        return new PartitionRecord
        {
            TopicId = topic,
            PartitionId = partition,
            Replicas = [.. replicas],
            Directories = [.. replicas.Select(each => BrokerDirectories.ForNewReplica(image, each))],
            Isr = isr,
            Leader = isr[0],
            LeaderEpoch = LeaderEpoch.Zero,
            PartitionEpoch = new PartitionEpoch(0),
        };
    }

    private static ControlError Invalid(string message) => new(ErrorCode.InvalidReplicaAssignment, message);
}
