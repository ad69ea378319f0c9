using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Copies of logs that are on their way into a directory (KIP-113), in directories named <c>-future</c> as Kafka's. No checkpoint names
/// them: after an unclean stop all of a copy is scanned. Methods may be called from any thread.
/// </summary>
public sealed class FutureLogs
{
    private readonly IDisk _disk;
    private readonly string _root;
    private readonly LogHome _home;
    private readonly LogMaking _making;
    private readonly DepartedLogs _departed;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<TopicPartition, PartitionLog> _logs = [];

    internal FutureLogs(IDisk disk, string root, LogHome home, LogMaking making, DepartedLogs departed)
    {
        _disk = disk;
        _root = root;
        _home = home;
        _making = making;
        _departed = departed;
    }

    /// <summary>All copies, in the order of their partitions.</summary>
    public IReadOnlyList<PartitionLog> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _logs.Values];
            }
        }
    }

    /// <summary>The copy of a partition's log; null when there is none.</summary>
    public PartitionLog? Find(TopicPartition partition)
    {
        lock (_lock)
        {
            return _logs.GetValueOrDefault(partition);
        }
    }

    /// <summary>Makes an empty copy, durably. Not in a thread that must not wait for the disk.</summary>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask<CreatedLog> CreateAsync(NewLog log)
    {
        CreatedLog created = (
            await _making.MakeAsync([log], each => _departed.FreePath(each.Partition, each.TopicId, LogFileNames.FutureSuffix))
        )[0];
        if (created.Log is { } future)
        {
            Add(future);
        }

        return created;
    }

    /// <summary>Takes a copy out of use; its files go.</summary>
    public void Drop(PartitionLog future)
    {
        if (Remove(future))
        {
            _departed.SetAside(future, LogFileNames.DeleteSuffix);
        }
    }

    /// <summary>Opens the copies that an earlier life left. What cannot be one is left alone.</summary>
    internal async ValueTask OpenAllAsync(LogSettings settings, bool wasClean, bool isForeign)
    {
        foreach (string name in _disk.ListDirectories(_root))
        {
            if (
                !LogFileNames.TryParseSetAside(name, LogFileNames.FutureSuffix, out TopicPartition partition) || Find(partition) is not null
            )
            {
                continue;
            }

            LogFolder folder = new($"{_root}/{name}");
            Uuid topicId = wasClean
                ? PartitionMetadataFile.Read(_disk, folder.Path)
                : await PartitionMetadataFile.RecoverAsync(_disk, folder.Path);
            LoadHints hints = new() { WasClean = wasClean, IsForeign = isForeign };
            LoadedLog loaded = await LogLoader.LoadAsync(_disk, folder, settings, hints, _home.NowMs);
            PartitionLog log = new(_home, partition, topicId, folder, loaded with { RecoveryPoint = Offset.Zero }, settings);
            Add(log);
            if (loaded.NamesChanged)
            {
                log.Flushing.NamesChanged();
                _home.Flusher.Add(log);
            }
        }
    }

    /// <summary>Gives a copy the name of the log in whose place it comes; false when the disk does not let it now.</summary>
    internal bool TryTakePlace(PartitionLog future, string path)
    {
        try
        {
            if (_disk.DirectoryExists(path))
            {
                return false;
            }

            _disk.Rename(future.Path, path);
            future.Renamed(path);
            return Remove(future);
        }
        catch (DiskException failure) when (failure.MayPass)
        {
            _home.Health.Reject(failure);
            return false;
        }
        catch (DiskException failure)
        {
            _home.Health.Fail(failure);
            return false;
        }
    }

    private void Add(PartitionLog future)
    {
        lock (_lock)
        {
            _logs.Add(future.Partition, future);
        }
    }

    private bool Remove(PartitionLog future)
    {
        lock (_lock)
        {
            return _logs.GetValueOrDefault(future.Partition) == future && _logs.Remove(future.Partition);
        }
    }
}
