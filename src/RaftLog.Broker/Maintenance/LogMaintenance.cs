using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Partitions;

namespace RaftLog.Broker.Maintenance;

/// <summary>The loops that look after the logs of a node in the background.</summary>
/// <param name="node">The node.</param>
/// <param name="partitions">Its partitions.</param>
/// <param name="cache">Its metadata.</param>
/// <param name="configs">Its configuration.</param>
internal sealed class LogMaintenance(NodeContext node, PartitionTable partitions, MetadataCache cache, ClusterConfigs configs)
{
    private readonly Compaction _compaction = new(() => partitions.All, () => configs.Maintenance(cache.Image), node);

    /// <summary>Starts all loops; they end when the node's waits are closed.</summary>
    public void Start()
    {
        node.Supervisor.Run("producer expiry", new ProducerExpiry(() => partitions.All, Settings, node.Waiters).RunAsync);
        node.Supervisor.Run("retention", new RetentionCheck(() => partitions.All, Settings, node.Waiters, node.NodeLog).RunAsync);
        _compaction.Start();
    }

    /// <summary>Gives up what takes long.</summary>
    public void Stop() => _compaction.Stop();

    private LogMaintenanceSettings Settings() => configs.Maintenance(cache.Image);
}
