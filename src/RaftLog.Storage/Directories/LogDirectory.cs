using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// One log directory of a node: its identity, its logs, its checkpoints and its flusher. Everything that the directory's own files say is
/// read and written here, in Kafka's forms. Methods may be called from any thread, unless they say otherwise.
/// </summary>
public sealed class LogDirectory
{
    /// <summary>The name of the file in a log's directory that says which topic it belongs to.</summary>
    public const string PartitionMetadataName = LogFileNames.PartitionMetadata;

    /// <summary>The file whose lock a process holds while it uses the directory.</summary>
    public const string LockName = ".lock";

    /// <summary>More files than a truncation, or a step of a clean stop, has open at once.</summary>
    internal const int FilesOfChange = 8;

    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(5);

    private readonly IDisk _disk;
    private readonly TimeProvider _time;
    private readonly LogHome _home;
    private LogHome? _metadataHome;
    private Task _metadataFlushes = Task.CompletedTask;
    private readonly IDisposable _lockFile;
    private readonly Checkpoints _checkpoints;
    private readonly OpenLogs _logs = new();
    private readonly CheckpointSchedule _schedule;
    private readonly DepartedLogs _departed;
    private readonly LogMaking _making;

    private readonly LogOpening _opening;

    private LogDirectory(
        IDisk disk,
        TimeProvider time,
        string path,
        IDisposable lockFile,
        MetaProperties meta,
        BrokerEpoch? cleanEpoch,
        bool isForeign,
        DecompressionBudget decompression
    )
    {
        _disk = disk;
        _time = time;
        _lockFile = lockFile;
        Path = path;
        Meta = meta;
        PreviousBrokerEpoch = cleanEpoch ?? BrokerEpoch.None;
        Flusher = new Flusher(disk, time, path, Health, () => _schedule!.BeforeGroupAsync());
        _checkpoints = new Checkpoints(disk, path, _logs.Snapshot);
        _schedule = new CheckpointSchedule(_checkpoints, Flusher, Health);
        _home = new LogHome(disk, path, Health, Flusher, time)
        {
            Decompression = decompression,
            TryWriteRecoveryPoints = _schedule.TryWriteRecoveryPointsAsync,
        };
        _departed = new DepartedLogs(disk, path, Flusher, Health, _schedule);
        _making = new LogMaking(disk, path, _home, _schedule, _departed);
        Futures = new FutureLogs(disk, path, _home, _making, _departed);
        _opening = new LogOpening(disk, path, _checkpoints, _logs, Health)
        {
            WasClean = cleanEpoch is not null,
            TransactionIndexes = TransactionIndexList.Read(disk, path),
            IsForeign = isForeign,
        };
    }

    /// <summary>The directory's path.</summary>
    public string Path { get; }

    /// <summary>Whose directory it is.</summary>
    public MetaProperties Meta { get; }

    /// <summary>True when the node that used it last stopped in order.</summary>
    public bool WasClean => _opening.WasClean;

    /// <summary>The broker epoch of the last clean stop; <see cref="BrokerEpoch.None"/> after an unclean one (KIP-966).</summary>
    public BrokerEpoch PreviousBrokerEpoch { get; }

    /// <summary>
    /// False when it held no checkpoint as it was opened: it is new, or somebody has removed all that was in it. A directory in use has
    /// them before its first log counts.
    /// </summary>
    public bool HadCheckpoints { get; private set; }

    /// <summary>
    /// The paths of files that were found damaged as the directory and its logs were opened, and were made anew or counted as absent.
    /// </summary>
    public IEnumerable<string> DamagedFiles =>
        _checkpoints.DamagedFiles.Concat(_logs.Snapshot().SelectMany(log => log.Recovery.DamagedFiles));

    /// <summary>Whether it is in use.</summary>
    public DirectoryHealth Health { get; } = new();

    /// <summary>The flusher of the partitions' logs, and of the directory's own files; the owner runs <see cref="RunAsync"/>.</summary>
    public Flusher Flusher { get; }

    /// <summary>
    /// The flusher of the metadata log alone, so that nothing of it waits for data; null where the directory has no metadata log open.
    /// </summary>
    public Flusher? MetadataFlusher => _metadataHome?.Flusher;

    /// <summary>The number of open logs.</summary>
    public int LogCount => _logs.Count;

    /// <summary>The open logs, in the order of their partitions.</summary>
    public IReadOnlyList<PartitionLog> Logs => _logs.Snapshot();

    /// <summary>Copies of other directories' logs that are on their way here.</summary>
    public FutureLogs Futures { get; }

    /// <summary>
    /// Takes a formatted directory into use: locks it, and removes the marker of a clean stop, durably, before anything can be written.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="time">The clock.</param>
    /// <param name="path">The directory.</param>
    /// <param name="decompression">What reading compressed batches may hold, in all directories of a node; its own where null.</param>
    /// <exception cref="LogDirectoryException">It is not formatted, or another process uses it.</exception>
    /// <exception cref="DiskException">The disk failed.</exception>
    public static async ValueTask<LogDirectory> OpenAsync(
        IDisk disk,
        TimeProvider time,
        string path,
        DecompressionBudget? decompression = null
    )
    {
        if (MetaProperties.Read(disk, path) is not { } meta)
        {
            throw new LogDirectoryException(
                path,
                $"{path} is not formatted: it has no {MetaProperties.FileName}. Where it lies on a disk of its own, mount that; a new "
                    + "directory is made with 'raftlog storage format'"
            );
        }

        IDisposable lockFile =
            disk.TryLock($"{path}/{LockName}")
            ?? throw new LogDirectoryException(path, $"{path} is in use by another process, which holds {LockName}; stop it first");
        try
        {
            BrokerEpoch? cleanEpoch = CleanShutdownFile.Read(disk, path);
            bool isForeign = cleanEpoch is null && !InUseMark.IsIn(disk, path) && disk.ListDirectories(path).Count > 0;
            disk.DeleteFile($"{path}/{CleanShutdownFile.Name}");
            if (!isForeign)
            {
                InUseMark.Make(disk, path);
            }

            // After an unclean stop the names of logs may be in the page cache only: recovery of a log must not be lost with its directory.
            await disk.FlushDirectoryAsync(path);

            var directory = new LogDirectory(
                disk,
                time,
                path,
                lockFile,
                meta,
                cleanEpoch,
                isForeign,
                decompression ?? new DecompressionBudget(DecompressionBudget.DefaultBytes)
            );
            directory.HadCheckpoints = directory._checkpoints.Load();
            if (!directory.HadCheckpoints)
            {
                // Before anybody counts on a log here, so that their absence later says that somebody has removed them.
                await directory._checkpoints.WriteAllAsync();
            }

            return directory;
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    /// <summary>The room of the file system that the directory lies in.</summary>
    /// <exception cref="DiskException">The disk failed.</exception>
    public DiskSpace Space() => _disk.Space(Path);

    /// <summary>The partitions whose logs lie in the directory, opened or not, in order.</summary>
    public IReadOnlyList<TopicPartition> Stored()
    {
        List<TopicPartition> stored = [];
        foreach (string name in _disk.ListDirectories(Path))
        {
            if (LogFileNames.TryParsePartition(name, out TopicPartition partition))
            {
                stored.Add(partition);
            }
        }

        stored.Sort();
        return stored;
    }

    /// <summary>
    /// Opens a log that lies in the directory, and recovers it where the last stop was not clean. Several may be opened at once.
    /// </summary>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public ValueTask<PartitionLog> OpenLogAsync(TopicPartition partition, LogSettings settings) =>
        _opening.OpenAsync(_home, partition, settings, _opening.IsForeign, isFlushed: false);

    /// <summary>
    /// Opens the log of the metadata quorum, made where it is absent. It has a flusher of its own, whose group never holds another log.
    /// Before <see cref="RunAsync"/>.
    /// </summary>
    /// <param name="disk">The disk with flushes of its own (<see cref="IDisk.WithOwnFlushes"/>).</param>
    /// <param name="partition">The log's name.</param>
    /// <param name="settings">How it is divided and flushed.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask<PartitionLog> OpenMetadataLogAsync(IDisk disk, TopicPartition partition, LogSettings settings)
    {
        _metadataHome = new LogHome(disk, Path, Health, new Flusher(disk, _time, Path, Health), _time)
        {
            Decompression = _home.Decompression,
            TryWriteRecoveryPoints = _schedule.TryWriteRecoveryPointsAsync,
            RejectsForNow = false,
        };
        return disk.DirectoryExists(PathOf(partition))
            ? await _opening.OpenAsync(_metadataHome, partition, settings, isForeign: false, isFlushed: false)
            : Create(_metadataHome, partition, Uuid.ClusterMetadata, settings);
    }

    /// <summary>
    /// Opens all logs of the directory that are not open yet, one after the other, and removes what a deletion left behind.
    /// </summary>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask OpenAllAsync(LogSettings settings)
    {
        await _departed.RemoveDeletedAsync(PathOf);

        await _opening.OpenAllAsync(_home, Stored(), Futures, settings);
    }

    /// <summary>True when a repair has truncated the log below what was flushed, so that it may lack committed records.</summary>
    public bool IsMarkedLost(PartitionLog log) => _disk.FileExists($"{log.Path}/{LogFileNames.LostMark}");

    /// <summary>The log may lack records, and whoever counts on it knows: its mark goes.</summary>
    public void RemoveLostMark(PartitionLog log)
    {
        try
        {
            _disk.DeleteFile($"{log.Path}/{LogFileNames.LostMark}");
            log.Flushing.NamesChanged();
            Flusher.Add(log);
        }
        catch (DiskException failure) when (failure.MayPass)
        {
            Health.Reject(failure);
        }
        catch (DiskException failure)
        {
            Health.Fail(failure);
        }
    }

    /// <summary>
    /// True when the directory held a log of this partition in an earlier life, and its files are gone though nothing here has removed
    /// them.
    /// </summary>
    public bool Misses(TopicPartition partition) => Find(partition) is null && _checkpoints.Name(partition);

    /// <summary>
    /// Forgets the logs that an earlier life held here, that are gone, and that nobody expects: they were deleted, or set aside, just
    /// before it ended. A topic that gets such a name later would be taken for one whose log is lost.
    /// </summary>
    /// <param name="isExpected">True for a partition whose log should be here.</param>
    public void ForgetMissing(Func<TopicPartition, bool> isExpected)
    {
        foreach ((TopicPartition partition, _) in _checkpoints.Unopened())
        {
            if (!isExpected(partition))
            {
                _schedule.Forget(partition);
            }
        }
    }

    /// <summary>An open log; null when there is none.</summary>
    public PartitionLog? Find(TopicPartition partition) => _logs.Find(partition);

    /// <summary>
    /// Makes a new, empty log. It is in use at once; the names become durable with the flusher's next group, which no
    /// record of the log can overtake.
    /// </summary>
    /// <param name="partition">The partition; no directory of its name may be there.</param>
    /// <param name="topicId">The topic's id.</param>
    /// <param name="settings">The topic's configuration.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public PartitionLog Create(TopicPartition partition, Uuid topicId, LogSettings settings) => Create(_home, partition, topicId, settings);

    /// <summary>
    /// Makes new, empty logs, as many as there are with one flush: directory and <c>partition.metadata</c> of each are on the disk when
    /// this ends, so whatever is then said of a log rests on names that no power cut takes. Not in a thread that must not wait for the
    /// disk.
    /// </summary>
    /// <param name="logs">What to make, each with another partition.</param>
    /// <returns>One for each of <paramref name="logs"/>, in their order.</returns>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask<IReadOnlyList<CreatedLog>> CreateAsync(IReadOnlyList<NewLog> logs)
    {
        IReadOnlyList<CreatedLog> created = await _making.MakeAsync(logs, log => PathOf(log.Partition));
        foreach (CreatedLog each in created)
        {
            if (each.Log is { } log)
            {
                _logs.Add(log);
            }
        }

        return created;
    }

    /// <summary>
    /// Takes a log out of use and its directory out of the way, so that a namesake can be made at once; its files go later. Where the disk
    /// does not let it now, it is tried again. Needs the partition's lock.
    /// </summary>
    public void Delete(PartitionLog log) => SetAside(log, LogFileNames.DeleteSuffix);

    /// <summary>
    /// Takes a log out of use that no metadata knows, and keeps its files under a name that ends with <c>-stray</c>. Needs the partition's
    /// lock.
    /// </summary>
    /// <returns>The directory's path now; null when the log was out of use already, or the disk failed.</returns>
    public string? SetAsStray(PartitionLog log) => SetAside(log, LogFileNames.StraySuffix);

    /// <summary>
    /// Puts a copy in the place of the log that it is a copy of, which lies in another directory. Nothing may be in its place here; false
    /// when the disk does not let it now. Records that are appended from now on count once the name is durable. Needs the partition's lock.
    /// </summary>
    /// <param name="future">One of <see cref="Futures"/>, with all records of the other, flushed.</param>
    /// <param name="replaced">The log whose place it takes: out of use from now on.</param>
    /// <param name="from">Where that lies; <see cref="RemoveReplacedAsync"/> must follow.</param>
    public bool TryReplace(PartitionLog future, PartitionLog replaced, LogDirectory from)
    {
        if (!Futures.TryTakePlace(future, PathOf(future.Partition)))
        {
            return false;
        }

        future.Flushing.TakePlace(replaced.FlushedTo, future.Segments);
        future.TakeEpochs(replaced.Epochs);
        future.SetHighWatermark(replaced.HighWatermark);
        _schedule.Forget(future.Partition);
        _logs.Add(future);
        Flusher.DirectoryChanged();
        Flusher.Add(future);
        from.Leave(replaced);
        return true;
    }

    /// <summary>
    /// Removes a log whose place a copy in this directory has taken, once the copy is durable, its names and the records that it got while
    /// it took the place included: a crash before that leaves both, and the one that goes further counts
    /// (<see cref="PartitionLog.GoesFurtherThan"/>). Without the partition's lock.
    /// </summary>
    /// <param name="replaced">The log.</param>
    /// <param name="from">Where it lies.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask RemoveReplacedAsync(PartitionLog replaced, LogDirectory from)
    {
        await Flusher.NextGroupAsync();
        from._departed.SetAside(replaced, LogFileNames.DeleteSuffix);
    }

    /// <summary>
    /// Must be awaited, without the partition's lock, before a log is truncated. It waits until there are descriptors for the files that
    /// change, since a truncation that stops in its middle takes the directory offline; below the high watermark it first lowers recovery
    /// point and high watermark on the disk. Completes at once where neither is needed.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="offset">Where it will be truncated.</param>
    /// <exception cref="DiskException">The disk failed, and the directory is offline; or there is no descriptor, and the node
    /// stops.</exception>
    public async ValueTask PrepareTruncationAsync(PartitionLog log, Offset offset)
    {
        if (log.Flushing.LimitCheckpoints(log.TruncationPointOf(offset), log.HighWatermark))
        {
            while (await TryBeforeTruncationAsync() is { } rejected)
            {
                if (!await _disk.WaitForDescriptorAsync(rejected))
                {
                    Health.Fail(rejected);
                    throw rejected;
                }
            }
        }

        await WaitForRoomAsync(log);
    }

    /// <summary>Waits until there are descriptors for all files of a log that one step changes; not for one that is closed.</summary>
    /// <exception cref="DiskException">There is no descriptor, and the node stops.</exception>
    public ValueTask WaitForRoomAsync(PartitionLog log) =>
        log.Segments is [.., { } active] ? _disk.WaitForRoomAsync(active.Log.Path, FilesOfChange) : ValueTask.CompletedTask;

    /// <summary>
    /// Runs the flusher and writes the checkpoints every five seconds, until <see cref="CloseAsync"/> or until it goes offline.
    /// </summary>
    public async Task RunAsync()
    {
        Task flusher = Flusher.RunAsync();
        _metadataFlushes = MetadataFlusher?.RunAsync() ?? Task.CompletedTask;
        await CheckpointRegularlyAsync();
        await flusher;
        await _metadataFlushes;
    }

    /// <summary>
    /// A clean stop: flushes everything, writes indexes, snapshots and checkpoints, and last the marker with the broker's epoch. The logs
    /// must no longer be appended to. An offline directory is only let go.
    /// </summary>
    /// <param name="epoch">The broker epoch to come back with (KIP-966).</param>
    public async ValueTask CloseAsync(BrokerEpoch epoch)
    {
        MetadataFlusher?.Stop();
        await _metadataFlushes;
        try
        {
            await Flusher.EnqueueAsync(() => new CleanStop(_disk, Path, _checkpoints).WriteAsync(_logs.Snapshot(), Futures.All, epoch));
        }
        catch (DiskException)
        {
            // The failure has taken the directory offline, which is what everybody looks at. There is no marker, so the next start
            // recovers.
        }

        Abandon();
    }

    /// <summary>Stops the loops and lets go of lock and files without a clean stop.</summary>
    public void Abandon()
    {
        Flusher.Stop();
        MetadataFlusher?.Stop();
        _home.Stop.Cancel();
        _metadataHome?.Stop.Cancel();
        foreach (PartitionLog log in (PartitionLog[])[.. _logs.Snapshot(), .. Futures.All])
        {
            log.Close();
        }

        _lockFile.Dispose();
    }

    private PartitionLog Create(LogHome home, TopicPartition partition, Uuid topicId, LogSettings settings)
    {
        PartitionLog log = _making.Make(home, new NewLog(partition, topicId, settings), PathOf(partition));
        _logs.Add(log);
        home.Flusher.DirectoryChanged();
        home.Flusher.Add(log);
        return log;
    }

    private async Task CheckpointRegularlyAsync()
    {
        try
        {
            while (!Health.IsOffline)
            {
                await Task.Delay(CheckpointInterval, _time, _home.Stop.Token);
                await Flusher.EnqueueAsync(async () => await _schedule.TryWriteAllAsync());
                if (_home.Deletions.Run(_home.NowMs) is { } rejected)
                {
                    Health.Reject(rejected);
                }

                _departed.TryAgain();
            }
        }
        catch (OperationCanceledException) { }
        catch (DiskException failure)
        {
            Health.Fail(failure);
        }
    }

    private async ValueTask<DiskException?> TryBeforeTruncationAsync()
    {
        DiskException? rejected = null;
        await Flusher.EnqueueAsync(async () => rejected = await _schedule.TryWriteAllAsync());
        return rejected;
    }

    private void Leave(PartitionLog log)
    {
        _logs.TryRemove(log.Partition);
        _departed.Keep(log.Path);
        log.MarkDeleted(log.Path);
    }

    private string? SetAside(PartitionLog log, string suffix) => _logs.TryRemove(log.Partition) ? _departed.SetAside(log, suffix) : null;

    private string PathOf(TopicPartition partition) => $"{Path}/{partition}";
}
