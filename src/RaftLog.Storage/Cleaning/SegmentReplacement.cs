using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// Puts a written segment in the place of others, as work of the flusher, so that no cut of the log comes between. At each point a start finds either the old
/// segments or the new one: the file with the new batches gets its <c>.swap</c> name when everything else of it is on the disk, the old ones go after that
/// is, and it gets its own name after they are gone. False when the log has changed meanwhile, so that nothing was replaced.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="home">Its directory.</param>
/// <param name="segments">Its segments.</param>
/// <param name="replaced">Segments that follow one another.</param>
/// <param name="by">What stays of them.</param>
/// <param name="locked">Runs a change under the partition's lock; false when the partition is closed or the change says so.</param>
internal sealed class SegmentReplacement(
    PartitionLog log, LogHome home, SegmentList segments, LogSegment[] replaced, LogSegment by, Func<Func<bool>, bool> locked)
{
    /// <summary>Runs it; see the class.</summary>
    /// <exception cref="DiskException">The disk refused.</exception>
    public async ValueTask<bool> RunAsync()
    {
        by.Seal();
        List<IDiskFile> files = [by.Log];
        by.AddIndexes(files);
        await home.Disk.FlushAsync(files);
        bool isReplaced = false;
        await home.Flusher.EnqueueAsync(async () => isReplaced = await ReplaceAsync());
        return isReplaced;
    }

    private async ValueTask<bool> ReplaceAsync()
    {
        if (!await StepAsync(() => Move(by.MoveIndexes, LogFileNames.SwapSuffix)) || !await StepAsync(TryReplace))
        {
            return false;
        }

        if (!await StepAsync(SetAside))
        {
            Array.ForEach(replaced, segment => segment.Release());
        }

        await StepAsync(() => MoveIfCurrent(by.MoveIndexes));
        await StepAsync(() => MoveIfCurrent(by.MoveLog));
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
        bool isReplaced = !log.Flushing.IsAboutToBeCut && segments.TryReplace(replaced, by);
        if (isReplaced)
        {
            by.MoveLog(LogFileNames.SwapSuffix);
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
            ProducerSnapshots.DeleteAt(home.Disk, log.Path, segment.BaseOffset);
        }

        return true;
    }

    /// <summary>Retention may have taken the segment meanwhile.</summary>
    private bool MoveIfCurrent(Action<string> move) => Array.IndexOf(segments.Current, by) >= 0 && Move(move, "");

    private static bool Move(Action<string> move, string suffix)
    {
        move(suffix);
        return true;
    }
}
