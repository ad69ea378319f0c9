using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Opens the logs that lie in a directory, and recovers them where the last stop was not clean. What the directory's own files say of them
/// goes to <see cref="LogLoader"/> as hints.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="root">The directory.</param>
/// <param name="checkpoints">What the last life has left of recovery points, high watermarks and starts.</param>
/// <param name="logs">Where opened logs go.</param>
/// <param name="health">Told of a disk that fails.</param>
internal sealed class LogOpening(IDisk disk, string root, Checkpoints checkpoints, OpenLogs logs, DirectoryHealth health)
{
    /// <summary>From here on logs are flushed together rather than one after the other.</summary>
    public const int ManyLogs = 8;

    /// <summary>True when the node that used the directory last stopped in order.</summary>
    public required bool WasClean { get; init; }

    /// <summary>What the last clean stop has left; only logs that are opened after it look there.</summary>
    public required IReadOnlyDictionary<TopicPartition, Dictionary<Offset, int>> TransactionIndexes { get; init; }

    /// <summary>
    /// True while there may be logs that another software wrote and that are not recovered yet; <see cref="OpenAllAsync"/> ends it.
    /// </summary>
    public required bool IsForeign { get; set; }

    /// <summary>Opens all logs that are not open yet, one after the other, and copies that are on their way here.</summary>
    /// <param name="home">What the logs are given.</param>
    /// <param name="stored">The partitions whose logs lie in the directory.</param>
    /// <param name="futures">The copies.</param>
    /// <param name="settings">How logs are divided and flushed.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask OpenAllAsync(LogHome home, IReadOnlyList<TopicPartition> stored, FutureLogs futures, LogSettings settings)
    {
        List<TopicPartition> closed = [.. stored.Where(partition => logs.Find(partition) is null)];
        bool flushesTogether = !WasClean && closed.Count >= ManyLogs;
        if (flushesTogether)
        {
            try
            {
                await disk.FlushTreesAsync(root, [.. closed.Select(PathOf)]);
            }
            catch (DiskException failure)
            {
                health.Fail(failure);
                throw;
            }
        }

        foreach (TopicPartition partition in closed)
        {
            await OpenAsync(home, partition, settings, IsForeign, isFlushed: flushesTogether);
        }

        try
        {
            await futures.OpenAllAsync(settings, WasClean, IsForeign);
            if (IsForeign)
            {
                InUseMark.Make(disk, root);
                await disk.FlushDirectoryAsync(root);
                IsForeign = false;
            }
        }
        catch (DiskException failure)
        {
            health.Fail(failure);
            throw;
        }
    }

    /// <summary>Opens one log. Several may be opened at once.</summary>
    /// <param name="home">What the log is given.</param>
    /// <param name="partition">The log's name.</param>
    /// <param name="settings">How it is divided and flushed.</param>
    /// <param name="isForeign">True where another software may have written it.</param>
    /// <param name="isFlushed">True when all its files were flushed since the start.</param>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask<PartitionLog> OpenAsync(
        LogHome home,
        TopicPartition partition,
        LogSettings settings,
        bool isForeign,
        bool isFlushed
    )
    {
        string path = PathOf(partition);
        IDisk disk = home.Disk;
        try
        {
            Uuid topicId = WasClean ? PartitionMetadataFile.Read(disk, path) : await PartitionMetadataFile.RecoverAsync(disk, path);

            // Checkpoints know logs by name. One that does not show its topic may be another log than they tell of, and must not keep the
            // node from starting.
            LogFolder folder = new(path);
            bool isKnown = checkpoints.Name(partition);
            LoadHints hints = topicId == Uuid.Zero ? default : checkpoints.HintsFor(partition, WasClean);
            hints = hints with
            {
                IsFlushed = isFlushed,
                IsForeign = isForeign,
                TransactionIndexes = WasClean ? TransactionIndexes.GetValueOrDefault(partition) : null,
            };
            LoadedLog loaded = await LogLoader.LoadAsync(disk, folder, settings, hints, home.NowMs);
            var log = new PartitionLog(home, partition, topicId, folder, loaded, settings)
            {
                IsUnmade = topicId == Uuid.Zero && !isKnown && loaded.End == Offset.Zero,
            };
            logs.Add(log);
            checkpoints.Forget(partition);

            // Where loading had to make or drop a segment, no record counts before that is durable.
            if (loaded.NamesChanged)
            {
                log.Flushing.NamesChanged();
                home.Flusher.Add(log);
            }

            return log;
        }
        catch (DiskException failure)
        {
            health.Fail(failure);
            throw;
        }
    }

    private string PathOf(TopicPartition partition) => $"{root}/{partition}";
}
