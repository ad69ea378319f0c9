using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>A node on real threads, over a disk in memory that outlives it.</summary>
internal sealed class ThreadNode(int id, SimulationOptions options, InMemoryNetwork network, SimRandom random)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly NodeConfiguration _config = NodeConfiguration.FromProperties(
        $"n{id}.properties",
        SimCluster.PropertiesOf(id, options),
        $"n{id}"
    );
    private readonly IDisk _disk = new YieldingDisk(new InMemoryDisk(), random.Split("disk", id));
    private Node? _node;
    private InMemoryProcess? _process;

    /// <summary>Why the node has stopped itself; null while it has not.</summary>
    internal string? HaltReason => _process?.HaltReason;

    internal async Task StartAsync()
    {
        _process = new InMemoryProcess();
        World world = new(TimeProvider.System, _disk, network, new SystemEntropy(), _process);
        if (!StorageFormatter.IsFormatted(_config, _disk))
        {
            await StorageFormatter.FormatAsync(_config, SimCluster.ClusterId, StorageFormatter.DefaultFeatures, world);
        }

        _node = new Node(_config, world, new NodeLog(_disk, TimeProvider.System, $"/n{id}.log"));
        await _node.StartAsync();
    }

    internal async Task StopAsync()
    {
        await _node!.StopAsync(Patience);
        _node = null;
    }
}
