using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Reassignments;

/// <summary>How far one partition of a plan is.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Planned">The brokers that shall hold it.</param>
/// <param name="Replicas">The brokers that hold it; empty where there is no such partition.</param>
/// <param name="InSync">Those of the planned brokers that are in sync.</param>
/// <param name="IsMoving">True while it is being moved.</param>
internal sealed record ReassignmentState(
    TopicPartition Partition,
    IReadOnlyList<NodeId> Planned,
    IReadOnlyList<NodeId> Replicas,
    int InSync,
    bool IsMoving
)
{
    /// <summary>True when it is where it shall be.</summary>
    public bool IsDone => !IsMoving && Replicas.SequenceEqual(Planned);

    /// <summary>The state in words.</summary>
    public string Text =>
        IsMoving ? "moving"
        : IsDone ? "done"
        : Replicas.Count == 0 ? "no such partition"
        : "elsewhere, and not moving";

    /// <summary>Asks the cluster for the state of every partition of a plan.</summary>
    public static async Task<IReadOnlyList<ReassignmentState>> ReadAsync(
        KafkaCluster cluster,
        IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan,
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

        return
        [
            .. plan.Select(each =>
                known.GetValueOrDefault(each.Key) is { } partition
                    ? new ReassignmentState(
                        each.Key,
                        each.Value,
                        partition.Replicas,
                        each.Value.Intersect(partition.Isr).Count(),
                        moving.Contains(each.Key)
                    )
                    : new ReassignmentState(each.Key, each.Value, [], 0, IsMoving: false)
            ),
        ];
    }
}
