using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// When a directory's checkpoints are written besides every few seconds: before what depends on them. Between two groups of the flusher.
/// </summary>
internal sealed class CheckpointSchedule(Checkpoints checkpoints, Flusher flusher, DirectoryHealth health)
{
    /// <summary>
    /// The checkpoints on the disk name a log that is gone. They know logs by name, so they must be written before a namesake's records
    /// count: its recovery would trust the old log's recovery point.
    /// </summary>
    private volatile bool _areStale;

    /// <summary>True while the checkpoints on the disk name a log that is gone.</summary>
    public bool AreStale => _areStale;

    /// <summary>What was found for a log of this name is not true any more.</summary>
    public void Forget(TopicPartition partition) => _areStale |= checkpoints.Forget(partition);

    /// <summary>A log has left.</summary>
    public void LogLeft() => _areStale = true;

    /// <summary>Before a group of flushes.</summary>
    public async ValueTask BeforeGroupAsync()
    {
        if (_areStale)
        {
            await TryWriteAllAsync();
        }
        else if (flusher.BytesSinceCheckpoint >= Checkpoints.BytesBetweenRecoveryPoints)
        {
            flusher.BytesSinceCheckpoint = 0;
            await TryWriteRecoveryPointsAsync();
        }
    }

    /// <summary>
    /// Writes all checkpoints. The result is what the disk has rejected for now: then older ones stay, from which recovery only has more to
    /// do.
    /// </summary>
    public async ValueTask<DiskException?> TryWriteAllAsync()
    {
        bool wereStale = _areStale;
        _areStale = false;
        DiskException? rejected = await TryAsync(checkpoints.WriteAllAsync);
        _areStale |= wereStale && rejected is not null;
        return rejected;
    }

    /// <summary>The same for the recovery points alone.</summary>
    public ValueTask<DiskException?> TryWriteRecoveryPointsAsync() => TryAsync(checkpoints.WriteRecoveryPointsAsync);

    private async ValueTask<DiskException?> TryAsync(Func<ValueTask> write)
    {
        try
        {
            await write();
            return null;
        }
        catch (DiskException failure) when (failure.MayBeRepeated)
        {
            health.Reject(failure);
            return failure;
        }
    }
}
