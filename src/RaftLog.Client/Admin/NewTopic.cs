using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A topic to create.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions; -1 for the cluster's default.</param>
/// <param name="ReplicationFactor">How many replicas each; -1 for the cluster's default.</param>
public sealed record NewTopic(string Name, int Partitions = -1, short ReplicationFactor = -1)
{
    /// <summary>The topic's own configuration.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Configs { get; init; } = [];

    /// <summary>The replicas of each partition, preferred leader first; empty to leave the placement to the cluster.</summary>
    public IReadOnlyList<IReadOnlyList<NodeId>> Assignments { get; init; } = [];
}
