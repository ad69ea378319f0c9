using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Reassignments;

/// <summary>How far one partition of a plan is.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Planned">The brokers that shall hold it, and where.</param>
/// <param name="Replicas">The brokers that hold it; empty where there is no such partition.</param>
/// <param name="InSync">Those of the planned brokers that are in sync.</param>
/// <param name="IsMoving">True while it is being moved between brokers.</param>
/// <param name="Elsewhere">How many replicas on the planned brokers do not lie in the log directory that the plan names.</param>
/// <param name="Copies">How many of those are being copied to another log directory.</param>
internal sealed record ReassignmentState(
    TopicPartition Partition,
    PlannedReplicas Planned,
    IReadOnlyList<NodeId> Replicas,
    int InSync,
    bool IsMoving,
    int Elsewhere,
    int Copies
)
{
    /// <summary>True when it is where it shall be.</summary>
    public bool IsDone => !IsMoving && Elsewhere == 0 && Replicas.SequenceEqual(Planned.Brokers);

    /// <summary>True while anything of it is under way.</summary>
    public bool IsUnderWay => IsMoving || Copies > 0;

    /// <summary>The state in words.</summary>
    public string Text =>
        IsMoving ? "moving"
        : Copies > 0 ? "moving between log directories"
        : IsDone ? "done"
        : Replicas.Count == 0 ? "no such partition"
        : Replicas.SequenceEqual(Planned.Brokers) ? "in another log directory, and not moving"
        : "elsewhere, and not moving";

    /// <summary>Asks the cluster for the state of every partition of a plan.</summary>
    public static async Task<IReadOnlyList<ReassignmentState>> ReadAsync(
        KafkaCluster cluster,
        IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan,
        CancellationToken cancel
    )
    {
        // First what moves: a move that ends in between is done in what is read after it.
        HashSet<TopicPartition> moving = [.. (await cluster.Admin.Reassignments.ListAsync(cancel)).Select(each => each.Partition)];
        List<string> names = [.. plan.Keys.Select(each => each.Topic).Distinct(StringComparer.Ordinal)];
        Dictionary<TopicPartition, PartitionDescription> known = [];
        foreach (TopicDescription topic in await cluster.Admin.DescribeTopicsAsync(names, cancel))
        {
            foreach (PartitionDescription partition in topic.Partitions)
            {
                known[new TopicPartition(topic.Name, partition.Index)] = partition;
            }
        }

        ReplicaPlaces places = await ReplicaPlaces.ReadAsync(cluster, plan, cancel);
        return
        [
            .. plan.Select(each =>
                known.GetValueOrDefault(each.Key) is { } partition
                    ? new ReassignmentState(
                        each.Key,
                        each.Value,
                        partition.Replicas,
                        each.Value.Brokers.Intersect(partition.Isr).Count(),
                        moving.Contains(each.Key),
                        each.Value.Placed.Count(replica => places.Of(replica.Broker, each.Key) != replica.Directory),
                        each.Value.Placed.Count(replica => places.CopyOf(replica.Broker, each.Key) is not null)
                    )
                    : new ReassignmentState(each.Key, each.Value, [], 0, IsMoving: false, Elsewhere: 0, Copies: 0)
            ),
        ];
    }
}
