using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The offsets that a log directory remembers for its logs: recovery points, high watermarks, log starts, and with them each log's
/// leader epochs. Written only by the flusher's loop. A recovery point goes to the disk after the epochs below it, so recovery can trust
/// both.
/// </summary>
internal sealed partial class Checkpoints(IDisk disk, string directory, Func<PartitionLog[]> logs)
{
    /// <summary>Flushed bytes after which recovery points are written before their time, so that a start has little to scan.</summary>
    public const long BytesBetweenRecoveryPoints = 64L * 1024 * 1024;

    /// <summary>From here on the leader epochs of logs are flushed together: two flushes for all rather than two for each.</summary>
    private const int ManyLogs = 8;

    private readonly Dictionary<string, byte[]> _written = [];
    private readonly Lock _lock = new();

    /// <summary>
    /// What was found on the disk for logs that are not open yet: kept in what is written, until the log speaks for itself.
    /// </summary>
    private readonly SortedDictionary<TopicPartition, LoadHints> _unopened = [];
    private readonly List<string> _damagedFiles = [];

    /// <summary>The paths of the checkpoints that were found damaged.</summary>
    public IReadOnlyList<string> DamagedFiles => _damagedFiles;

    /// <summary>
    /// Reads the files. A damaged one counts as absent, which is safe: everything is scanned, and high watermarks are learnt anew. False
    /// when the directory has none at all.
    /// </summary>
    public bool Load()
    {
        bool any =
            disk.FileExists($"{directory}/{OffsetCheckpoint.RecoveryPoints}")
            || disk.FileExists($"{directory}/{OffsetCheckpoint.HighWatermarks}");
        foreach ((TopicPartition partition, Offset offset) in Load(OffsetCheckpoint.RecoveryPoints))
        {
            _unopened[partition] = Found(partition) with { RecoveryPoint = offset };
        }

        foreach ((TopicPartition partition, Offset offset) in Load(OffsetCheckpoint.HighWatermarks))
        {
            _unopened[partition] = Found(partition) with { HighWatermark = offset };
        }

        foreach ((TopicPartition partition, Offset offset) in Load(OffsetCheckpoint.LogStarts))
        {
            _unopened[partition] = Found(partition) with { Start = offset };
        }

        foreach ((TopicPartition partition, Offset offset) in Load(OffsetCheckpoint.Cleaned))
        {
            _unopened[partition] = Found(partition) with { CleanedTo = offset };
        }

        return any;
    }

    /// <summary>What is remembered for a log that is about to be opened.</summary>
    public LoadHints HintsFor(TopicPartition partition, bool wasClean)
    {
        lock (_lock)
        {
            return Found(partition) with { WasClean = wasClean };
        }
    }

    /// <summary>True when something was found for a log that is not open.</summary>
    public bool Name(TopicPartition partition)
    {
        lock (_lock)
        {
            return _unopened.ContainsKey(partition);
        }
    }

    /// <summary>Forgets what was found for a log: it is open now, or new. True when the disk may still hold something.</summary>
    public bool Forget(TopicPartition partition)
    {
        lock (_lock)
        {
            return _unopened.Remove(partition);
        }
    }

    /// <summary>Writes all checkpoints whose content has changed.</summary>
    public async ValueTask WriteAllAsync()
    {
        await WriteRecoveryPointsAsync();
        var highWatermarks = new List<KeyValuePair<TopicPartition, Offset>>();
        foreach ((TopicPartition partition, LoadHints hints) in Unopened())
        {
            highWatermarks.Add(new(partition, hints.HighWatermark));
        }

        foreach (PartitionLog log in logs())
        {
            Offset highWatermark = log.Flushing.BoundHighWatermark(log.HighWatermark);
            SeededBugWritesLogEnd(log, ref highWatermark);
            highWatermarks.Add(new(log.Partition, highWatermark));
        }

        await WriteAsync(OffsetCheckpoint.HighWatermarks, highWatermarks);
        await WriteCleanedAsync();
    }

    static partial void SeededBugWritesLogEnd(PartitionLog log, ref Offset highWatermark);

    private async ValueTask WriteCleanedAsync()
    {
        var cleaned = new List<KeyValuePair<TopicPartition, Offset>>();
        foreach ((TopicPartition partition, LoadHints hints) in Unopened())
        {
            if (hints.CleanedTo > Offset.Zero)
            {
                cleaned.Add(new(partition, hints.CleanedTo));
            }
        }

        foreach (PartitionLog log in logs())
        {
            if (log.CleanedTo > Offset.Zero)
            {
                cleaned.Add(new(log.Partition, log.CleanedTo));
            }
        }

        if (cleaned.Count > 0 || _written.ContainsKey(OffsetCheckpoint.Cleaned))
        {
            await WriteAsync(OffsetCheckpoint.Cleaned, cleaned);
        }
    }

    /// <summary>
    /// Writes the recovery points, and before them the leader epochs below them, and before those the log starts that they begin at.
    /// </summary>
    public async ValueTask WriteRecoveryPointsAsync()
    {
        PartitionLog[] all = logs();
        var points = new List<KeyValuePair<TopicPartition, Offset>>(all.Length);
        var epochs = new List<(PartitionLog Log, IReadOnlyList<EpochEntry> Entries)>();
        foreach (PartitionLog log in all)
        {
            points.Add(new(log.Partition, log.Flushing.ClaimRecoveryPoint(log.HighWatermark)));
            IReadOnlyList<EpochEntry> entries = log.Epochs.Entries;

            // An empty log has no batch that carries an epoch, and its recovery drops what the file says.
            if (log.EndOffset > Offset.Zero && !log.StoredEpochs.Hold(entries, log.EndOffset))
            {
                epochs.Add((log, entries));
            }
        }

        await WriteStartsAsync(all);
        if (epochs.Count >= ManyLogs)
        {
            await WriteEpochsTogetherAsync(epochs);
        }
        else
        {
            foreach ((PartitionLog log, IReadOnlyList<EpochEntry> entries) in epochs)
            {
                await WriteEpochsAsync(log, entries);
            }
        }

        foreach ((TopicPartition partition, LoadHints hints) in Unopened())
        {
            points.Add(new(partition, hints.RecoveryPoint));
        }

        await WriteAsync(OffsetCheckpoint.RecoveryPoints, points);
        for (int i = 0; i < all.Length; i++)
        {
            all[i].Flushing.RecoveryPointWritten(points[i].Value);
        }
    }

    private async ValueTask WriteStartsAsync(PartitionLog[] all)
    {
        var starts = new List<KeyValuePair<TopicPartition, Offset>>();
        foreach ((TopicPartition partition, LoadHints hints) in Unopened())
        {
            if (hints.Start > Offset.Zero)
            {
                starts.Add(new(partition, hints.Start));
            }
        }

        foreach (PartitionLog log in all)
        {
            // Also where the first segment begins there, which Kafka leaves out: a power cut while that segment's file is being replaced
            // leaves a log without files, and nothing else says then that it does not begin at 0.
            if (log.StartOffset > Offset.Zero)
            {
                starts.Add(new(log.Partition, log.StartOffset));
            }
        }

        await WriteAsync(OffsetCheckpoint.LogStarts, starts);
    }

    private async ValueTask WriteEpochsAsync(PartitionLog log, IReadOnlyList<EpochEntry> entries)
    {
        try
        {
            await AtomicFile.WriteAsync(disk, log.Path, LogFileNames.LeaderEpochs, EpochCheckpoint.Format(entries));
            log.StoredEpochs.Written(entries);
        }
        catch (DiskException gone) when (gone.Kind == DiskErrorKind.NotFound && log.IsDeleted)
        {
            // Deleted meanwhile: its directory has another name.
        }
    }

    private async ValueTask WriteEpochsTogetherAsync(List<(PartitionLog Log, IReadOnlyList<EpochEntry> Entries)> epochs)
    {
        await FlushAfterAsync(
            (log, entries) => AtomicFile.WriteTemporary(disk, log.Path, LogFileNames.LeaderEpochs, EpochCheckpoint.Format(entries))
        );
        await FlushAfterAsync((log, _) => AtomicFile.PutInPlace(disk, log.Path, LogFileNames.LeaderEpochs));
        foreach ((PartitionLog log, IReadOnlyList<EpochEntry> entries) in epochs)
        {
            log.StoredEpochs.Written(entries);
        }

        async ValueTask FlushAfterAsync(Action<PartitionLog, IReadOnlyList<EpochEntry>> step)
        {
            List<string> changed = new(epochs.Count);
            foreach ((PartitionLog log, IReadOnlyList<EpochEntry> entries) in epochs)
            {
                try
                {
                    step(log, entries);
                    changed.Add(log.Path);
                }
                catch (DiskException gone) when (gone.Kind == DiskErrorKind.NotFound && log.IsDeleted)
                {
                    // Deleted meanwhile: its directory has another name.
                }
            }

            await disk.FlushTreesAsync(directory, changed);
        }
    }

    private LoadHints Found(TopicPartition partition) => _unopened.GetValueOrDefault(partition);

    /// <summary>What was found for the logs that are not open.</summary>
    public KeyValuePair<TopicPartition, LoadHints>[] Unopened()
    {
        lock (_lock)
        {
            return [.. _unopened];
        }
    }

    private async ValueTask WriteAsync(string name, List<KeyValuePair<TopicPartition, Offset>> offsets)
    {
        byte[] content = OffsetCheckpoint.Format(offsets);
        if (_written.TryGetValue(name, out byte[]? before) && content.AsSpan().SequenceEqual(before))
        {
            return;
        }

        await AtomicFile.WriteAsync(disk, directory, name, content);
        _written[name] = content;
    }

    private Dictionary<TopicPartition, Offset> Load(string name)
    {
        string path = $"{directory}/{name}";
        if (AtomicFile.Read(disk, path) is not { } bytes)
        {
            return [];
        }

        if (OffsetCheckpoint.Parse(bytes) is { } offsets)
        {
            return offsets;
        }

        _damagedFiles.Add(path);
        return [];
    }
}
