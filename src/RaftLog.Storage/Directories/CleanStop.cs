using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// What a directory writes when its node stops in order: all that is only in memory, checkpoints, and last the mark of a clean stop, after
/// which a start trusts what it finds.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="path">The directory.</param>
/// <param name="checkpoints">Its checkpoints.</param>
internal sealed class CleanStop(IDisk disk, string path, Checkpoints checkpoints)
{
    /// <summary>Writes and flushes all of it. Within the directory's flusher; nothing is appended any more.</summary>
    /// <param name="open">The directory's logs.</param>
    /// <param name="futures">Copies that are on their way to it.</param>
    /// <param name="epoch">The broker epoch to come back with (KIP-966).</param>
    /// <exception cref="DiskException">The disk failed; there is no mark then, and the next start recovers.</exception>
    public async ValueTask WriteAsync(IReadOnlyList<PartitionLog> open, IReadOnlyList<PartitionLog> futures, BrokerEpoch epoch)
    {
        PartitionLog[] logs = [.. open, .. futures];
        int atOnce = Math.Max(1, DescriptorCache.CapacityFor(disk.DescriptorLimit) / LogDirectory.FilesOfChange);
        foreach (PartitionLog[] some in logs.Chunk(atOnce))
        {
            await CloseAsync(some);
        }

        foreach (PartitionLog future in futures)
        {
            await AtomicFile.WriteAsync(disk, future.Path, LogFileNames.LeaderEpochs, EpochCheckpoint.Format(future.Epochs.Entries));
        }

        string any = $"{path}/{MetaProperties.FileName}";
        await disk.WaitForRoomAsync(any, LogDirectory.FilesOfChange);
        await checkpoints.WriteAllAsync();
        await disk.WaitForRoomAsync(any, LogDirectory.FilesOfChange);
        await TransactionIndexList.WriteAsync(disk, path, logs);
        await disk.WaitForRoomAsync(any, LogDirectory.FilesOfChange);
        InUseMark.Remove(disk, path);
        await CleanShutdownFile.WriteAsync(disk, path, epoch);
    }

    /// <summary>
    /// Writes and flushes what these logs have in memory. No more of them at once than the process can have the files of open: a file keeps
    /// its descriptor until it is flushed.
    /// </summary>
    private async ValueTask CloseAsync(PartitionLog[] logs)
    {
        await disk.WaitForRoomAsync(logs[0].Segments[^1].Log.Path, LogDirectory.FilesOfChange);
        List<IDiskFile> files = [];
        foreach (PartitionLog log in logs)
        {
            log.PrepareClose(files);
        }

        if (logs.Length >= LogOpening.ManyLogs)
        {
            await disk.FlushTreesAsync(path, [.. logs.Select(log => log.Path)]);
        }
        else
        {
            await disk.FlushAsync(files);
            foreach (PartitionLog log in logs)
            {
                await disk.FlushDirectoryAsync(log.Path);
            }
        }

        foreach (PartitionLog log in logs)
        {
            log.Flushing.Complete(out _);
            log.Flushing.End();
        }
    }
}
