using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Storage;

namespace RaftLog.Cli.Nodes;

/// <summary>
/// The first start of a cluster.json: formats the directories of all its nodes when none has one. A single missing one is a loss that
/// nobody may paper over. Several processes may do this at once, each for the node that it starts: one formats, the others wait for it.
/// </summary>
internal static class NewCluster
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Formats what is new.</summary>
    /// <param name="file">The cluster.json.</param>
    /// <param name="clusterId">The id that it says, if it does.</param>
    /// <param name="nodes">All its nodes.</param>
    /// <param name="world">The disk, the clock and chance.</param>
    /// <exception cref="NodeStartException">Some nodes have a directory and others not, or somebody else has the first one in use.
    /// </exception>
    public static async Task FormatAsync(string file, string? clusterId, IReadOnlyList<NodeConfiguration> nodes, World world)
    {
        if (Missing(nodes, world.Disk).Count == 0)
        {
            CheckCluster(file, clusterId, nodes, world.Disk);
            return;
        }

        using IDisposable? turn = await TakeTurnAsync(nodes, world);
        CheckCluster(file, clusterId, nodes, world.Disk);
        List<NodeConfiguration> missing = Missing(nodes, world.Disk);
        if (missing.Count == 0)
        {
            return;
        }

        if (missing.Count < nodes.Count)
        {
            IEnumerable<string> places = missing.Select(node => $"{node.NodeId} has no data in {node.Storage.MetadataLogDir}");
            throw new NodeStartException(
                $"{file}: node {string.Join(", ", places)}, but other nodes have. "
                    + "A node that forgot its votes must not vote again: restore its directory, or remove all data directories to begin "
                    + "anew."
            );
        }

        if (turn is null)
        {
            string held = nodes[0].Storage.MetadataLogDir;
            throw new NodeStartException($"{held} is in use by another process, which holds {LogDirectory.LockName}; stop it first");
        }

        string id = clusterId ?? NodeRandom.NewId(world.Entropy).ToString();
        foreach (NodeConfiguration node in nodes)
        {
            await StorageFormatter.FormatAsync(node, id, StorageFormatter.DefaultFeatures, world);
        }
    }

    private static void CheckCluster(string file, string? clusterId, IReadOnlyList<NodeConfiguration> nodes, IDisk disk)
    {
        string? known = clusterId;
        foreach (NodeConfiguration node in nodes)
        {
            known = NodeFiles.CheckCluster(file, known, node, disk);
        }
    }

    private static List<NodeConfiguration> Missing(IReadOnlyList<NodeConfiguration> nodes, IDisk disk) =>
        [.. nodes.Where(node => !StorageFormatter.IsFormatted(node, disk))];

    /// <summary>The lock of the first node's directory; null when somebody else keeps it, or formats for too long.</summary>
    private static async Task<IDisposable?> TakeTurnAsync(IReadOnlyList<NodeConfiguration> nodes, World world)
    {
        string first = nodes[0].Storage.MetadataLogDir;
        await StorageFormatter.MakeDirectoryAsync(world.Disk, first);
        long began = world.Time.GetTimestamp();
        while (true)
        {
            if (world.Disk.TryLock($"{first}/{LogDirectory.LockName}") is { } taken)
            {
                return taken;
            }

            if (Missing(nodes, world.Disk).Count == 0 || world.Time.GetElapsedTime(began) >= LongestWait)
            {
                return null;
            }

            await Task.Delay(Pause, world.Time);
        }
    }
}
