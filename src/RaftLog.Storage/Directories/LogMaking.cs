using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Makes new logs: one at once, or many whose directories one flush makes durable before any of them is used, so that whatever is then said
/// of a log rests on names that no power cut takes.
/// </summary>
internal sealed partial class LogMaking(IDisk disk, string root, LogHome home, CheckpointSchedule checkpoints, DepartedLogs departed)
{
    private static readonly string FirstLogFile = LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log);

    /// <summary>Makes one log at once; its names become durable with the next flush of the directory.</summary>
    /// <param name="into">What the log is given.</param>
    /// <param name="log">What to make.</param>
    /// <param name="path">Where it lies; nothing may be there.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public PartitionLog Make(LogHome into, NewLog log, string path)
    {
        IDisk disk = into.Disk;
        Invariant.Holds(!disk.DirectoryExists(path), "S-07", $"a new log would take over the directory {path} of another one");
        try
        {
            checkpoints.Forget(log.Partition);
            disk.CreateDirectory(path);
            IDiskFile metadata = PartitionMetadataFile.Write(disk, path, log.TopicId);
            AtomicFile.WriteUnflushed(disk, path, LogFileNames.LeaderEpochs, EpochCheckpoint.Format([]));
            LogFolder folder = new(path);
            LoadedLog loaded = LogLoader.Create(disk, folder, Offset.Zero, into.NowMs);
            var made = new PartitionLog(into, log.Partition, log.TopicId, folder, loaded, log.Settings);
            made.Flushing.FlushOnce(metadata);
            return made;
        }
        catch (DiskException failure)
        {
            into.Health.Fail(failure);
            throw;
        }
    }

    /// <summary>Makes logs, one result for each in their order.</summary>
    /// <param name="logs">What to make.</param>
    /// <param name="pathOf">Where each lies.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask<IReadOnlyList<CreatedLog>> MakeAsync(IReadOnlyList<NewLog> logs, Func<NewLog, string> pathOf)
    {
        var failures = new DiskException?[logs.Count];
        string[] places = [.. logs.Select(pathOf)];
        try
        {
            List<string> paths = [];
            for (int i = 0; i < logs.Count; i++)
            {
                failures[i] = TryMakeDirectory(logs[i], places[i]);
                if (failures[i] is null)
                {
                    paths.Add(places[i]);
                }
            }

            if (await TryMakeDurableAsync(paths) is { } rejected)
            {
                paths.ForEach(TryDelete);
                return [.. failures.Select(failure => new CreatedLog(null, failure ?? rejected))];
            }

            var created = new List<CreatedLog>(logs.Count);
            for (int i = 0; i < logs.Count; i++)
            {
                created.Add(failures[i] is { } failure ? new CreatedLog(null, failure) : Open(logs[i], places[i]));
            }

            return created;
        }
        catch (DiskException failure)
        {
            home.Health.Fail(failure);
            throw;
        }
    }

    /// <summary>
    /// Makes a log's directory with its <c>partition.metadata</c>; what ran out or is forbidden is the result, and nothing is left there.
    /// </summary>
    private DiskException? TryMakeDirectory(NewLog log, string path)
    {
        bool isHeld = departed.Hold(path);
        SeededBugBeginsAnywhere(ref isHeld);
        if (isHeld || (disk.DirectoryExists(path) && !IsUnfinished(path)))
        {
            return new DiskException(
                path,
                DiskErrorKind.NotPermitted,
                "create directory",
                "the log of a deleted topic of this name is still in its place"
            );
        }

        try
        {
            checkpoints.Forget(log.Partition);
            disk.CreateDirectory(path);
            PartitionMetadataFile.Write(disk, path, log.TopicId).Dispose();
            disk.OpenOrCreate($"{path}/{FirstLogFile}").Dispose();
            return null;
        }
        catch (DiskException failure) when (failure.MayPass)
        {
            TryDelete(path);
            return failure;
        }
    }

    static partial void SeededBugBeginsAnywhere(ref bool isHeld);

    /// <summary>True for what an attempt to make a log has left behind: no record was ever written there.</summary>
    private bool IsUnfinished(string path)
    {
        foreach (string name in disk.ListFiles(path))
        {
            using IDiskFile? file = name == FirstLogFile ? disk.OpenExisting($"{path}/{name}") : null;
            bool isOurs = file is not null ? file.Length == 0 : name.StartsWith(LogFileNames.PartitionMetadata, StringComparison.Ordinal);
            if (!isOurs)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Makes new directories durable, and before that the checkpoints, where they still name an older log of the same name. The result is
    /// what stands in the way for now.
    /// </summary>
    private async ValueTask<DiskException?> TryMakeDurableAsync(List<string> paths)
    {
        DiskException? rejected = null;
        if (checkpoints.AreStale)
        {
            await home.Flusher.EnqueueAsync(async () => rejected = await checkpoints.TryWriteAllAsync());
        }

        try
        {
            if (rejected is null)
            {
                await disk.FlushTreesAsync(root, paths);
            }
        }
        catch (DiskException failure) when (failure.Kind == DiskErrorKind.NoDescriptors)
        {
            // Nothing was flushed: a directory could not be opened.
            rejected = failure;
        }

        return rejected;
    }

    private CreatedLog Open(NewLog log, string path)
    {
        try
        {
            LogFolder folder = new(path);
            return new CreatedLog(
                new PartitionLog(
                    home,
                    log.Partition,
                    log.TopicId,
                    folder,
                    LogLoader.Create(disk, folder, Offset.Zero, home.NowMs),
                    log.Settings
                ),
                null
            );
        }
        catch (DiskException failure) when (failure.MayPass)
        {
            TryDelete(path);
            return new CreatedLog(null, failure);
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            disk.DeleteDirectory(path);
        }
        catch (DiskException)
        {
            // The next attempt takes it over.
        }
    }
}
