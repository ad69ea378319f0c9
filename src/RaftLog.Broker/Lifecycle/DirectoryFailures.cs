using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// What a failed log directory means. What was written there may be lost, so nothing more is served from it: the controller moves its
/// leaderships away. A node goes on with the others; without its metadata log, which must never lose a vote, or without any directory for
/// data, it stops (ARCHITECTURE D6).
/// </summary>
internal sealed class DirectoryFailures(NodeStorage storage, NodeLog nodeLog, IProcess process)
{
    private readonly Lock _gate = new();

    /// <summary>What was told of directories that go on; as many as there are directories and kinds.</summary>
    private readonly HashSet<(LogDirectory Directory, DiskErrorKind Kind)> _reported = [];

    /// <summary>Raised after a directory for data went offline while others work; it may hold a partition's lock.</summary>
    public event Action? Changed;

    /// <summary>The ids of the directories for data that are offline.</summary>
    public List<Uuid> Offline => [.. storage.Data.Where(each => each.Health.IsOffline).Select(each => each.Meta.DirectoryId)];

    /// <summary>Takes note of every failure from now on.</summary>
    public void Watch()
    {
        foreach (LogDirectory directory in storage.Directories)
        {
            directory.Health.WentOffline += cause => Failed(directory, cause);
            directory.Health.Rejected += cause => PutOff(directory, cause);
        }
    }

    private void PutOff(LogDirectory directory, DiskException cause)
    {
        lock (_gate)
        {
            if (!_reported.Add((directory, cause.Kind)))
            {
                return;
            }
        }

        nodeLog.Error(
            $"log directory {directory.Path} cannot be changed now: {cause.Message}; {cause.WayOut}. It is tried again every 5 s; the "
                + $"partitions there are served"
        );
    }

    private void Failed(LogDirectory directory, DiskException cause)
    {
        nodeLog.Error($"log directory {directory.Path} is offline until the node is started again: {cause.Message}");
        bool holdsMetadata = ReferenceEquals(directory, storage.Metadata);
        if (holdsMetadata || storage.Data.All(each => each.Health.IsOffline))
        {
            string loss = holdsMetadata ? "with the metadata log" : "as the last of log.dirs";
            process.Halt($"log directory {directory.Path} {loss} failed: {cause.Message}. {DiskException.Remedy}");
        }

        Changed?.Invoke();
    }
}
