using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// Puts written segments in the place of others, as work of the flusher, so that no truncation comes between. At each point a start
/// finds either the old segments or the new ones: the files with the new batches get their <c>.swap</c> names when everything else of them
/// is on the disk, the first one's last, which makes the replacement valid; the old ones go after that is, and the new get their own names
/// after they are gone. False when the log has changed meanwhile, so that nothing was replaced.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="home">Its directory.</param>
/// <param name="segments">Its segments.</param>
/// <param name="replaced">Segments that follow one another.</param>
/// <param name="by">What stays of them.</param>
/// <param name="generation">The log's <see cref="PartitionLog.Generation"/> when it was decided what stays.</param>
/// <param name="locked">Runs a change under the partition's lock; false when the partition is closed or the change says so.</param>
internal sealed partial class SegmentReplacement(
    PartitionLog log,
    LogHome home,
    SegmentList segments,
    LogSegment[] replaced,
    LogSegment[] by,
    int generation,
    Func<Func<bool>, bool> locked
)
{
    /// <summary>Runs it; see the class.</summary>
    /// <exception cref="DiskException">The disk failed.</exception>
    public async ValueTask<bool> RunAsync()
    {
        List<IDiskFile> files = [];
        foreach (LogSegment segment in by)
        {
            segment.Seal();
            files.Add(segment.Log);
            segment.AddIndexes(files);
        }

        SeededBugSkipsFlush(files);
        await home.Disk.FlushAsync(files);
        bool isReplaced = false;
        await home.Flusher.EnqueueAsync(async () => isReplaced = await ReplaceAsync());
        return isReplaced;
    }

    static partial void SeededBugSkipsFlush(List<IDiskFile> files);

    private async ValueTask<bool> ReplaceAsync()
    {
        if (!await StepAsync(MoveIndexes) || !await StepAsync(TryReplace))
        {
            return false;
        }

        if (!await StepAsync(SetAside))
        {
            Array.ForEach(replaced, segment => segment.Release());
        }

        await StepAsync(() => MoveCurrent(static segment => segment.MoveIndexes("")));
        await StepAsync(() => MoveCurrent(static segment => segment.MoveLog("")));
        return true;
    }

    /// <summary>Runs a step under the lock and makes its names durable; false when it was not done.</summary>
    private async ValueTask<bool> StepAsync(Func<bool> step)
    {
        if (!locked(() => !log.IsDeleted && step()))
        {
            return false;
        }

        try
        {
            await home.Disk.FlushDirectoryAsync(log.Path);
        }
        catch (DiskException gone) when (gone.Kind == DiskErrorKind.NotFound && log.IsDeleted)
        {
            // Deleted meanwhile: its directory has another name.
        }

        return true;
    }

    private bool TryReplace()
    {
        bool isReplaced = log.Generation == generation && !log.Flushing.IsAboutToBeTruncated && segments.TryReplace(replaced, by);
        if (isReplaced)
        {
            foreach (LogSegment segment in by.Reverse())
            {
                segment.MoveLog(LogFileNames.SwapSuffix);
            }
        }

        return isReplaced;
    }

    /// <summary>The new segment is on the disk under a name that a start completes: the old ones go.</summary>
    private bool SetAside()
    {
        long dueMs = home.NowMs + log.Settings.FileDeleteDelayMs;
        foreach (LogSegment segment in replaced)
        {
            segment.SetAside(home.Deletions, dueMs);
        }

        foreach (LogSegment segment in replaced.AsSpan(1))
        {
            // A part may begin where one of the old segments began: the snapshot there is of that offset still.
            if (Array.Exists(by, part => part.BaseOffset == segment.BaseOffset))
            {
                continue;
            }

            ProducerSnapshots.DeleteAt(home.Disk, log.Path, segment.BaseOffset);
        }

        return true;
    }

    private bool MoveIndexes()
    {
        Array.ForEach(by, static segment => segment.MoveIndexes(LogFileNames.SwapSuffix));
        return true;
    }

    /// <summary>Retention may have taken segments meanwhile.</summary>
    private bool MoveCurrent(Action<LogSegment> move)
    {
        foreach (LogSegment segment in by)
        {
            if (Array.IndexOf(segments.Current, segment) >= 0)
            {
                move(segment);
            }
        }

        return true;
    }
}
