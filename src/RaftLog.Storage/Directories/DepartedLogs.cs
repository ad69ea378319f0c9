using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Directories of logs that left: renamed out of the way at once, removed later, and tried again where the disk does not let it now.
/// </summary>
internal sealed class DepartedLogs(IDisk disk, string root, Flusher flusher, DirectoryHealth health, CheckpointSchedule checkpoints)
{
    private readonly Lock _lock = new();

    /// <summary>Those that could not be renamed or removed yet. Guarded by <see cref="_lock"/>; bounded by the logs.</summary>
    private readonly List<Departed> _waiting = [];

    /// <summary>The paths where logs that left still lie. Guarded by <see cref="_lock"/>.</summary>
    private readonly HashSet<string> _inPlace = [];

    /// <summary>
    /// True while a log that left lies at a path. Its directory will be renamed, so nothing new may begin in it, however empty it is.
    /// </summary>
    public bool Hold(string path)
    {
        lock (_lock)
        {
            return _inPlace.Contains(path);
        }
    }

    /// <summary>The log at a path is out of use and lies there still: <see cref="SetAside"/> follows.</summary>
    public void Keep(string path)
    {
        lock (_lock)
        {
            _inPlace.Add(path);
        }
    }

    /// <summary>
    /// Takes a log out of use and gets its directory out of the way. The result is the directory's path now; null when the disk failed.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="suffix">What the new name ends with; where that says so the files go later.</param>
    public string? SetAside(PartitionLog log, string suffix)
    {
        string path = FreePath(log.Partition, log.TopicId, suffix);
        Departed departed = new(log.Path, path, suffix == LogFileNames.DeleteSuffix);
        Keep(log.Path);
        log.MarkDeleted(path);
        Remove(departed);
        return departed.IsRenamed ? path : null;
    }

    /// <summary>
    /// A name that nothing in the directory has: a log of the same topic may have been set aside before, and one without a topic's id has
    /// nothing of its own in its name.
    /// </summary>
    public string FreePath(TopicPartition partition, Uuid id, string suffix)
    {
        string path = $"{root}/{LogFileNames.SetAside(partition, id, suffix)}";
        while (disk.DirectoryExists(path))
        {
            id = new Uuid(id.High, id.Low + 1);
            path = $"{root}/{LogFileNames.SetAside(partition, id, suffix)}";
        }

        return path;
    }

    /// <summary>Tries again what the disk did not let.</summary>
    public void TryAgain()
    {
        List<Departed> departed;
        lock (_lock)
        {
            departed = [.. _waiting];
            _waiting.Clear();
        }

        departed.ForEach(Remove);
    }

    /// <summary>
    /// Removes logs that left in the life before, perhaps before the checkpoints could say so. Nothing else runs here yet.
    /// </summary>
    /// <param name="pathOf">Where a partition's log lies.</param>
    public async ValueTask RemoveDeletedAsync(Func<TopicPartition, string> pathOf)
    {
        List<Departed> departed = [];
        foreach (string name in disk.ListDirectories(root))
        {
            if (name.EndsWith(LogFileNames.DeleteSuffix, StringComparison.Ordinal))
            {
                departed.Add(new Departed(name, $"{root}/{name}", isDeleted: true) { IsRenamed = true });
                if (
                    LogFileNames.TryParseSetAside(name, LogFileNames.DeleteSuffix, out TopicPartition gone)
                    && !disk.DirectoryExists(pathOf(gone))
                )
                {
                    checkpoints.Forget(gone);
                }
            }
        }

        foreach (Departed each in departed)
        {
            await RemoveFilesAsync(each);
        }
    }

    /// <summary>Gets the directory of a log that left out of the way, as far as the disk lets it; the rest is done later.</summary>
    private void Remove(Departed departed)
    {
        try
        {
            if (!departed.IsRenamed)
            {
                disk.Rename(departed.Path, departed.Target);
                departed.IsRenamed = true;
                lock (_lock)
                {
                    _inPlace.Remove(departed.Path);
                }

                checkpoints.LogLeft();
                flusher.DirectoryChanged();
            }

            if (departed.IsDeleted)
            {
                _ = flusher.EnqueueAsync(() => RemoveFilesAsync(departed));
            }
        }
        catch (DiskException failure) when (failure.MayPass)
        {
            PutOff(departed, failure);
        }
        catch (DiskException failure)
        {
            health.Fail(failure);
        }
    }

    /// <summary>
    /// Removes the files of a deleted log. No checkpoint names it any more by then: the next start would take its namesake for a log whose
    /// directory is gone.
    /// </summary>
    private async ValueTask RemoveFilesAsync(Departed departed)
    {
        if (checkpoints.AreStale && await checkpoints.TryWriteAllAsync() is { } rejected)
        {
            PutOff(departed, rejected);
            return;
        }

        RemoveFiles(departed);
    }

    private void RemoveFiles(Departed departed)
    {
        try
        {
            disk.DeleteDirectory(departed.Target);
        }
        catch (DiskException failure) when (failure.MayPass)
        {
            PutOff(departed, failure);
        }
    }

    private void PutOff(Departed departed, DiskException failure)
    {
        lock (_lock)
        {
            _waiting.Add(departed);
        }

        health.Reject(failure);
    }

    /// <summary>The directory of a log that left.</summary>
    private sealed class Departed(string path, string target, bool isDeleted)
    {
        public string Path { get; } = path;

        public string Target { get; } = target;

        /// <summary>True when the files go; else they stay under the other name.</summary>
        public bool IsDeleted { get; } = isDeleted;

        public bool IsRenamed { get; set; }
    }
}
