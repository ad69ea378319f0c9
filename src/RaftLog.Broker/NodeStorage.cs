using RaftLog.Broker.Configuration;
using RaftLog.Broker.Quorum;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker;

/// <summary>
/// The log directories of a node: opened, checked to be this node's and this cluster's, and recovered before anything is served.
/// </summary>
internal sealed class NodeStorage
{
    private NodeStorage(IReadOnlyList<LogDirectory> directories, IReadOnlyList<LogDirectory> data, LogDirectory metadata)
    {
        Directories = directories;
        Data = data;
        Metadata = metadata;
    }

    /// <summary>All directories, that of the metadata log included.</summary>
    public IReadOnlyList<LogDirectory> Directories { get; }

    /// <summary>The directories that partitions lie in: those of <c>log.dirs</c>.</summary>
    public IReadOnlyList<LogDirectory> Data { get; }

    /// <summary>The directory of the metadata log.</summary>
    public LogDirectory Metadata { get; }

    /// <summary>The cluster that all directories belong to.</summary>
    public string ClusterId => Metadata.Meta.ClusterId;

    /// <summary>The epoch of the broker's last clean stop; none when a directory was not left in order.</summary>
    public BrokerEpoch PreviousEpoch => Directories.All(each => each.WasClean) ? Metadata.PreviousBrokerEpoch : BrokerEpoch.None;

    /// <summary>What reading compressed batches may hold, in all directories.</summary>
    public required DecompressionBudget Decompression { get; init; }

    /// <summary>How long the recovery of the partitions' logs took.</summary>
    public TimeSpan RecoveryTime { get; private set; }

    /// <summary>Opens the directories of a node.</summary>
    /// <exception cref="NodeStartException">One is not formatted, or belongs to another node or cluster, or is in use.</exception>
    public static async ValueTask<NodeStorage> OpenAsync(NodeConfiguration config, World world)
    {
        List<LogDirectory> opened = [];
        DecompressionBudget decompression = new(config.Memory.DecompressionBytes);
        LogDirectory? metadata = null;
        try
        {
            foreach (string path in config.Storage.LogDirs.Append(config.Storage.MetadataLogDir).Distinct())
            {
                LogDirectory directory = await LogDirectory.OpenAsync(
                    world.Disk.WithOwnFlushes(keepsFilesOpen: false),
                    world.Time,
                    path,
                    decompression
                );
                opened.Add(directory);
                Check(directory, opened[0], config);
                metadata = path == config.Storage.MetadataLogDir ? directory : metadata;
            }

            CheckCopies(opened);
            CheckMetadataLog(opened, metadata!, config);
        }
        catch (Exception failure) when (failure is LogDirectoryException or NodeStartException or DiskException)
        {
            opened.ForEach(each => each.Abandon());
            throw failure is NodeStartException ? failure : Rejection(config, failure);
        }

        return new NodeStorage(opened, [.. opened.Where(each => config.Storage.LogDirs.Contains(each.Path))], metadata!)
        {
            Decompression = decompression,
        };
    }

    /// <summary>
    /// Why a node cannot start from its directories, for people: the directory, the file, what was tried, and the way out.
    /// </summary>
    public static NodeStartException Rejection(NodeConfiguration config, Exception failure)
    {
        if (failure is not DiskException rejected)
        {
            return new NodeStartException(failure.Message, failure);
        }

        string directory =
            config
                .Storage.LogDirs.Append(config.Storage.MetadataLogDir)
                .FirstOrDefault(each => rejected.Path == each || rejected.Path.StartsWith(each + "/", StringComparison.Ordinal))
            ?? rejected.Path;
        return new NodeStartException(
            $"node {config.NodeId} cannot start from log directory {directory}: {rejected.Message}. Nothing is served from a directory "
                + $"that could not be recovered: "
                + $"{rejected.WayOut}, then start the node again; recovery begins anew and takes nothing away that was flushed",
            failure
        );
    }

    /// <summary>Lets go of every directory without a clean stop.</summary>
    public void Abandon()
    {
        foreach (LogDirectory directory in Directories)
        {
            directory.Abandon();
        }
    }

    /// <summary>Closes every directory in order; the broker epoch is left in the marks of a clean stop.</summary>
    public async Task CloseAsync(BrokerEpoch epoch)
    {
        foreach (LogDirectory directory in Directories)
        {
            await directory.CloseAsync(epoch);
        }
    }

    /// <summary>Recovers and opens every partition's log.</summary>
    public async ValueTask OpenLogsAsync(LogSettings settings, TimeProvider time)
    {
        long beganAt = time.GetTimestamp();
        foreach (LogDirectory directory in Data)
        {
            await directory.OpenAllAsync(settings);
        }

        Duplicates = DuplicateLogs.SetAside(Data);
        RecoveryTime = time.GetElapsedTime(beganAt);
    }

    /// <summary>
    /// Logs that were set aside since another directory has more of the same partition, with the paths that they have now.
    /// </summary>
    public IReadOnlyList<(PartitionLog Log, string? Path)> Duplicates { get; private set; } = [];

    /// <summary>A copy of a directory has the logs of the other as they once were, and would be taken for a part of the node.</summary>
    private static void CheckCopies(List<LogDirectory> directories)
    {
        foreach (LogDirectory directory in directories)
        {
            if (
                directory.Meta.DirectoryId != Uuid.Zero
                && directories.Find(each => each != directory && each.Meta.DirectoryId == directory.Meta.DirectoryId) is { } other
            )
            {
                throw new NodeStartException(
                    $"{directory.Path} and {other.Path} have the same directory.id={directory.Meta.DirectoryId} in their "
                        + $"{MetaProperties.FileName}: one is a copy of the other. Take the copy out of log.dirs"
                );
            }
        }
    }

    /// <summary>
    /// The metadata log lies where it is looked for. A voter that began with an empty one would have forgotten its votes; where it is the
    /// only one, the cluster would be a new one, and every log would belong to nobody.
    /// </summary>
    private static void CheckMetadataLog(List<LogDirectory> directories, LogDirectory metadata, NodeConfiguration config)
    {
        if (directories.Find(each => each != metadata && each.Stored().Contains(MetadataStore.Partition)) is { } unexpected)
        {
            throw new NodeStartException(
                $"{unexpected.Path} holds the metadata log ({MetadataStore.Partition}), and the configuration says that it lies in "
                    + $"{metadata.Path}: set metadata.log.dir={unexpected.Path}, or remove what is not this node's"
            );
        }

        if (
            config.Roles.HasFlag(ProcessRoles.Controller)
            && !metadata.Stored().Contains(MetadataStore.Partition)
            && metadata.Misses(MetadataStore.Partition)
        )
        {
            throw new NodeStartException(
                $"{metadata.Path}/{MetadataStore.Partition} is gone: this node had its metadata log there, and its votes. Put it back, or "
                    + "go on as with a lost directory: \"A lost node\" in docs/operations.md"
            );
        }
    }

    private static void Check(LogDirectory directory, LogDirectory first, NodeConfiguration config)
    {
        if (directory.Meta.NodeId != config.NodeId)
        {
            throw new NodeStartException(
                $"{directory.Path}/{MetaProperties.FileName} says node.id={directory.Meta.NodeId}, but this is node {config.NodeId}; "
                    + "point log.dirs at this node's own directory"
            );
        }

        if (directory.Meta.ClusterId != first.Meta.ClusterId)
        {
            throw new NodeStartException(
                $"{directory.Path}/{MetaProperties.FileName} says cluster.id={directory.Meta.ClusterId}, and {first.Path} says "
                    + $"{first.Meta.ClusterId}; "
                    + "all directories of a node must belong to one cluster"
            );
        }
    }
}
