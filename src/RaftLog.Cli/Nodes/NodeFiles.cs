using RaftLog.Broker.Configuration;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Cli.Nodes;

/// <summary>Reads configuration files and makes their directories absolute, from the directory that the command runs in.</summary>
internal static class NodeFiles
{
    private const string PropertiesSuffix = ".properties";

    /// <summary>All nodes of a <c>cluster.json</c>, or the one node of a <c>.properties</c> file.</summary>
    public static (string? ClusterId, IReadOnlyList<NodeConfiguration> Nodes) Read(string path)
    {
        if (Directory.Exists(path))
        {
            throw new FormatException($"{path} is a directory; --config FILE names a cluster.json in it, or a .properties file");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"{path}: there is no such file; --config FILE names a cluster.json, or a .properties file written for Apache Kafka"
            );
        }

        if (path.EndsWith(PropertiesSuffix, StringComparison.OrdinalIgnoreCase))
        {
            return (null, [Rooted(NodeConfiguration.FromProperties(path, File.ReadAllText(path), Environment.MachineName), null)]);
        }

        ClusterFile file = ClusterFile.Read(path, File.ReadAllBytes(path));
        return (file.ClusterId, [.. file.Nodes.Select(node => Rooted(node, null))]);
    }

    /// <summary>The nodes of a file, or the one that is asked for.</summary>
    public static (string? ClusterId, IReadOnlyList<NodeConfiguration> Nodes) ReadSome(string path, int? node)
    {
        if (node is null)
        {
            return Read(path);
        }

        (string? clusterId, NodeConfiguration one) = ReadOne(path, node);
        return (clusterId, [one]);
    }

    /// <summary>One node: of a <c>cluster.json</c> by its id, which a file with one node does not need.</summary>
    public static (string? ClusterId, NodeConfiguration Node) ReadOne(string path, int? node)
    {
        (string? clusterId, IReadOnlyList<NodeConfiguration> nodes) = Read(path);
        if (node is null && nodes.Count > 1)
        {
            throw new FormatException(
                $"{path} has nodes {string.Join(", ", nodes.Select(each => each.NodeId))}: say which one with --node N"
            );
        }

        return (
            clusterId,
            nodes.FirstOrDefault(each => node is null || each.NodeId == new NodeId(node.Value))
                ?? throw new FormatException($"{path} has no node {node}; it has {string.Join(", ", nodes.Select(each => each.NodeId))}")
        );
    }

    /// <summary>Rejects a node whose directory belongs to another cluster than the file, or than the nodes before it.</summary>
    /// <returns>The cluster that the file and the directory name; null where neither names one.</returns>
    public static string? CheckCluster(string path, string? clusterId, NodeConfiguration node, IDisk disk)
    {
        string directory = node.Storage.MetadataLogDir;
        string? formatted = MetaProperties.Read(disk, directory)?.ClusterId;
        return clusterId is null || formatted is null || formatted == clusterId
            ? clusterId ?? formatted
            : throw new FormatException(
                $"{path}: this is cluster {clusterId}, but {directory}/{MetaProperties.FileName} of node {node.NodeId} says "
                    + $"cluster.id={formatted}. "
                    + "Point log.dirs at this cluster's directory; a directory of another cluster is never taken over."
            );
    }

    /// <summary>The node with absolute directories; below <paramref name="data"/>, each named by its node, where that is given.</summary>
    public static NodeConfiguration Rooted(NodeConfiguration node, string? data)
    {
        string Place(string directory) => Path.GetFullPath(data is null ? directory : Path.Combine(data, NameOf(directory, node)));
        return node with { Storage = new StorageSettings([.. node.Storage.LogDirs.Select(Place)], Place(node.Storage.MetadataLogDir)) };
    }

    private static string NameOf(string directory, NodeConfiguration node) =>
        node.Storage.LogDirs.Count > 1 ? $"node-{node.NodeId}-{Path.GetFileName(directory)}" : $"node-{node.NodeId}";
}
