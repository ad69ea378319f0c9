using RaftLog.Broker.Configuration;
using RaftLog.Broker.Quorum;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;
using RaftLog.Storage;

namespace RaftLog.Broker.Formatting;

/// <summary>
/// Makes a node's log directories: <c>meta.properties</c> in each, and <c>bootstrap.checkpoint</c> beside the metadata log (KIP-631,
/// KIP-778).
/// </summary>
public static class StorageFormatter
{
    /// <summary>The features of a new cluster at the newest metadata.version.</summary>
    public static readonly IReadOnlyDictionary<string, short> DefaultFeatures = FeaturesAt(MetadataVersion.Newest);

    /// <summary>
    /// The features of a new cluster at a metadata.version: each that is built at the level that Kafka gives a new cluster of that version,
    /// every other one off.
    /// </summary>
    public static IReadOnlyDictionary<string, short> FeaturesAt(MetadataVersion version)
    {
        SortedDictionary<string, short> features = new(StringComparer.Ordinal) { [MetadataVersion.FeatureName] = version.Level };
        if (version.HasConsumerGroups)
        {
            features[Cluster.Features.GroupVersion] = 1;
        }

        if (version.HasTransactionsV2)
        {
            features[Cluster.Features.TransactionVersion] = 2;
        }

        return features;
    }

    /// <summary>Why a new cluster cannot have a feature at a level, null when it can.</summary>
    public static string? RejectionOf(string feature, short level) => Cluster.Features.Rejection(feature, level);

    /// <summary>True when any of the node's directories has been formatted.</summary>
    public static bool IsFormatted(NodeConfiguration node, IDisk disk) =>
        DirectoriesOf(node).Any(directory => MetaProperties.Read(disk, directory) is not null);

    /// <summary>The cluster that the first formatted directory of a node belongs to; null where none is formatted.</summary>
    public static string? ClusterOf(NodeConfiguration node, IDisk disk) =>
        DirectoriesOf(node)
            .Select(directory => MetaProperties.Read(disk, directory)?.ClusterId)
            .FirstOrDefault(static each => each is not null);

    /// <summary>Formats those directories of a node that are not formatted yet. Nothing is changed in the others.</summary>
    /// <param name="node">The node.</param>
    /// <param name="clusterId">The cluster.</param>
    /// <param name="features">The finalised levels of a new cluster.</param>
    /// <param name="world">The disk, the clock and chance.</param>
    /// <returns>The directories that were formatted.</returns>
    /// <exception cref="LogDirectoryException">A directory belongs to another node or cluster, or its file is damaged; nothing is
    /// formatted then.</exception>
    public static async ValueTask<IReadOnlyList<string>> FormatAsync(
        NodeConfiguration node,
        string clusterId,
        IReadOnlyDictionary<string, short> features,
        World world
    )
    {
        foreach (string directory in DirectoriesOf(node))
        {
            if (MetaProperties.Read(world.Disk, directory) is { } meta && (meta.ClusterId != clusterId || meta.NodeId != node.NodeId))
            {
                throw new LogDirectoryException(
                    directory,
                    $"{directory} is formatted already, for node {meta.NodeId} of cluster {meta.ClusterId}, and not for node "
                        + $"{node.NodeId} of cluster {clusterId}; point log.dirs at a directory of this node, or give the cluster's own id"
                );
            }
        }

        List<string> formatted = [];
        foreach (string directory in DirectoriesOf(node))
        {
            if (MetaProperties.Read(world.Disk, directory) is not null)
            {
                continue;
            }

            await MakeDirectoryAsync(world.Disk, directory);
            if (directory == node.Storage.MetadataLogDir)
            {
                await WriteBootstrapAsync(directory, features, world);
            }

            await new MetaProperties(clusterId, node.NodeId, NodeRandom.NewId(world.Entropy)).WriteAsync(world.Disk, directory);
            formatted.Add(directory);
        }

        return formatted;
    }

    /// <summary>The feature levels that a directory was formatted with; the defaults where the file is absent.</summary>
    public static IReadOnlyDictionary<string, short> ReadFeatures(string directory, IDisk disk)
    {
        using IDiskFile? file = disk.OpenExisting($"{directory}/{BootstrapFile}");
        if (file is null)
        {
            return DefaultFeatures;
        }

        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        List<IMetadataRecord> records =
            SnapshotContent.Read(bytes)
            ?? throw new LogDirectoryException(
                directory,
                $"{directory}/{BootstrapFile} is damaged: restore it, or format the directory anew"
            );
        SortedDictionary<string, short> features = new(StringComparer.Ordinal);
        foreach (FeatureLevelRecord feature in records.OfType<FeatureLevelRecord>())
        {
            features[feature.Name] = feature.FeatureLevel;
        }

        return features;
    }

    private static IEnumerable<string> DirectoriesOf(NodeConfiguration node) =>
        node.Storage.LogDirs.Append(node.Storage.MetadataLogDir).Distinct();

    private const string BootstrapFile = "bootstrap.checkpoint";

    /// <summary>
    /// Makes a directory, and those above it, durably. What counts as formatted has a name that a power cut leaves: nothing that is written
    /// there later, a vote above all, may be lost with it.
    /// </summary>
    public static async ValueTask MakeDirectoryAsync(IDisk disk, string directory)
    {
        List<string> parents = [];
        for (string? at = directory; !string.IsNullOrEmpty(at) && !disk.DirectoryExists(at); at = Path.GetDirectoryName(at))
        {
            parents.Add(Path.GetDirectoryName(at) is { Length: > 0 } parent ? parent : ".");
        }

        disk.CreateDirectory(directory);
        foreach (string parent in parents)
        {
            await disk.FlushDirectoryAsync(parent);
        }
    }

    private static async ValueTask WriteBootstrapAsync(string directory, IReadOnlyDictionary<string, short> features, World world)
    {
        MetadataVersion level = new(features.GetValueOrDefault(MetadataVersion.FeatureName, MetadataVersion.Newest.Level));
        IEnumerable<IMetadataRecord> records = features
            .Where(feature => feature.Value > 0)
            .Select(feature => (IMetadataRecord)new FeatureLevelRecord { Name = feature.Key, FeatureLevel = feature.Value });
        using IDiskFile file = world.Disk.OpenOrCreate($"{directory}/{BootstrapFile}");
        file.SetLength(0);
        foreach (byte[] piece in SnapshotContent.Pieces(records, level, LeaderEpoch.Zero, world.Time.GetUtcNow().ToUnixTimeMilliseconds()))
        {
            file.Write(file.Length, piece);
        }

        await world.Disk.FlushAsync([file]);
        await world.Disk.FlushDirectoryAsync(directory);
    }
}
