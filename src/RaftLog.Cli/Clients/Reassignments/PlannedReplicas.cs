using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Reassignments;

/// <summary>Where the replicas of a partition shall be.</summary>
/// <param name="Brokers">The brokers that shall hold it, the preferred leader first.</param>
/// <param name="Directories">The log directory on each of them; null where the broker may choose.</param>
internal sealed record PlannedReplicas(IReadOnlyList<NodeId> Brokers, IReadOnlyList<string?> Directories)
{
    /// <summary>In whatever directories the brokers choose.</summary>
    public PlannedReplicas(IReadOnlyList<NodeId> brokers)
        : this(brokers, new string?[brokers.Count]) { }

    /// <summary>The replicas whose directory is named.</summary>
    public IEnumerable<(NodeId Broker, string Directory)> Placed =>
        Brokers.Zip(Directories).Where(static each => each.Second is not null).Select(static each => (each.First, each.Second!));
}
