using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Reassignments;

/// <summary>In which log directories of their brokers the replicas lie whose directory a plan names.</summary>
internal sealed class ReplicaPlaces
{
    private readonly Dictionary<(NodeId, TopicPartition), string> _lying = [];
    private readonly Dictionary<(NodeId, TopicPartition), string> _copied = [];

    private ReplicaPlaces() { }

    /// <summary>Asks each broker of which the plan names a directory.</summary>
    public static async Task<ReplicaPlaces> ReadAsync(
        KafkaCluster cluster,
        IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan,
        CancellationToken cancel
    )
    {
        ReplicaPlaces places = new();
        foreach (NodeId broker in plan.Values.SelectMany(static each => each.Placed).Select(static each => each.Broker).Distinct())
        {
            foreach (LogDirView directory in await cluster.Admin.LogDirs.DescribeAsync(broker, cancel))
            {
                foreach (LogDirReplica replica in directory.Replicas)
                {
                    (replica.IsFuture ? places._copied : places._lying)[(broker, replica.Partition)] = directory.Path;
                }
            }
        }

        return places;
    }

    /// <summary>Where the replica of a broker lies; null where it has none.</summary>
    public string? Of(NodeId broker, TopicPartition partition) => _lying.GetValueOrDefault((broker, partition));

    /// <summary>Where it is being copied to; null where it is not.</summary>
    public string? CopyOf(NodeId broker, TopicPartition partition) => _copied.GetValueOrDefault((broker, partition));
}
