using System.Globalization;
using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Mends what a verification has found in the log directory of a stopped node, as far as it can be mended from the directory itself. It
/// only takes away: files that the next start makes anew, and what follows the first damaged batch of a log. The mark of a clean stop goes,
/// so the next start scans what was touched. A log that is truncated below its recovery point gets the mark of a lost replica: it has lost
/// what it had acknowledged.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="directory">The log directory.</param>
public sealed class LogDirectoryRepair(IDisk disk, string directory)
{
    private readonly List<string> _done = [];

    /// <summary>Repairs, and makes the result durable.</summary>
    /// <param name="findings">What the verification found, in its order.</param>
    /// <returns>What was done, one line each; empty where nothing could be.</returns>
    /// <exception cref="LogDirectoryException">A process uses the directory.</exception>
    /// <exception cref="DiskException">The disk failed; what was done before stays done.</exception>
    public async ValueTask<IReadOnlyList<string>> RunAsync(IReadOnlyList<LogFinding> findings)
    {
        using IDisposable taken =
            disk.TryLock($"{directory}/{LogDirectory.LockName}")
            ?? throw new LogDirectoryException(directory, $"{directory} is in use by another process; stop the node first");
        List<LogFinding> mendable = [.. findings.Where(finding => finding.Repair != LogRepairKind.None)];
        if (mendable.Count == 0)
        {
            return _done;
        }

        // First, so that no half-done repair is trusted.
        disk.DeleteFile($"{directory}/{CleanShutdownFile.Name}");
        await disk.FlushDirectoryAsync(directory);
        SortedDictionary<TopicPartition, Offset> recoveryPoints = Read(OffsetCheckpoint.RecoveryPoints);
        SortedDictionary<TopicPartition, Offset> highWatermarks = Read(OffsetCheckpoint.HighWatermarks);
        foreach (IGrouping<string, LogFinding> log in mendable.GroupBy(finding => finding.Path[..finding.Path.LastIndexOf('/')]))
        {
            await RepairLogAsync(log.Key, [.. log], recoveryPoints, highWatermarks);
        }

        await AtomicFile.WriteAsync(disk, directory, OffsetCheckpoint.RecoveryPoints, OffsetCheckpoint.Format([.. recoveryPoints]));
        await AtomicFile.WriteAsync(disk, directory, OffsetCheckpoint.HighWatermarks, OffsetCheckpoint.Format([.. highWatermarks]));
        await disk.FlushDirectoryAsync(directory);
        _done.Add($"{directory}: the mark of a clean stop is removed; the next start scans what was touched");
        return _done;
    }

    private SortedDictionary<TopicPartition, Offset> Read(string checkpoint) =>
        LogFileContent.Checkpoint(disk, $"{directory}/{checkpoint}") is { } known
            ? new SortedDictionary<TopicPartition, Offset>(known.ToDictionary())
            : [];

    private async ValueTask RepairLogAsync(
        string path,
        List<LogFinding> findings,
        SortedDictionary<TopicPartition, Offset> recoveryPoints,
        SortedDictionary<TopicPartition, Offset> highWatermarks
    )
    {
        Offset? scanFrom = null;
        foreach (LogFinding finding in findings)
        {
            scanFrom = finding.Segment is { } segment ? Offset.Min(scanFrom ?? segment, segment) : scanFrom;
            switch (finding.Repair)
            {
                case LogRepairKind.Truncate:
                    await TruncateAsync(path, finding, recoveryPoints, highWatermarks);
                    break;
                case LogRepairKind.Remove:
                    disk.DeleteFile(finding.Path);
                    _done.Add($"{finding.Path}: removed; it is made anew");
                    break;
            }
        }

        if (
            LogFileNames.TryParsePartition(path[(path.LastIndexOf('/') + 1)..], out TopicPartition partition)
            && scanFrom is { } from
            && recoveryPoints.TryGetValue(partition, out Offset point)
            && point > from
        )
        {
            recoveryPoints[partition] = from;
            _done.Add($"{path}: the next start scans it from offset {from} on");
        }

        await disk.FlushDirectoryAsync(path);
    }

    private async ValueTask TruncateAsync(
        string path,
        LogFinding finding,
        SortedDictionary<TopicPartition, Offset> recoveryPoints,
        SortedDictionary<TopicPartition, Offset> highWatermarks
    )
    {
        Offset segment = finding.Segment!.Value;
        Offset end = segment;
        using (IDiskFile file = disk.OpenExisting(finding.Path)!)
        {
            long position = finding.Position ?? 0;
            using (BatchScanner scan = new(file, 0, position))
            {
                while (scan.MoveNext())
                {
                    end = scan.Header.NextOffset;
                }
            }

            _done.Add(
                $"{finding.Path}: truncated at byte {position}, where offset {end} was to follow; {file.Length - position} bytes are gone"
            );
            file.SetLength(position);
            await disk.FlushAsync([file]);
        }

        foreach (string name in disk.ListFiles(path))
        {
            foreach (string suffix in LogFileNames.OfSegment)
            {
                bool isIndex = suffix != LogFileNames.Log;
                if (LogFileNames.TryParseOffset(name, suffix, out Offset offset) && (offset > segment || (isIndex && offset == segment)))
                {
                    disk.DeleteFile($"{path}/{name}");
                    _done.Add($"{path}/{name}: removed");
                }
            }
        }

        ProducerSnapshots.DeleteAbove(disk, path, end);
        if (!LogFileNames.TryParsePartition(path[(path.LastIndexOf('/') + 1)..], out TopicPartition partition))
        {
            return;
        }

        if (highWatermarks.TryGetValue(partition, out Offset highWatermark))
        {
            highWatermarks[partition] = Offset.Min(highWatermark, end);
        }

        if (recoveryPoints.TryGetValue(partition, out Offset point) && end < point)
        {
            await AtomicFile.WriteAsync(
                disk,
                path,
                LogFileNames.LostMark,
                Encoding.UTF8.GetBytes(point.Value.ToString(CultureInfo.InvariantCulture))
            );
            _done.Add(
                $"{path}: it has lost offsets {end} to {point - 1}, which were flushed: it counts as lost until it has caught up with "
                    + $"its leader"
            );
        }
    }
}
