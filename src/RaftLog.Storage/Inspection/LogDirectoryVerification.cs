using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Looks through a log directory of a stopped node, or the directory of one of its logs, for everything that its files contradict each
/// other in. It holds the directory's lock meanwhile, reads every byte, and changes nothing.
/// </summary>
public static class LogDirectoryVerification
{
    private static readonly string[] CheckpointNames =
    [
        OffsetCheckpoint.RecoveryPoints,
        OffsetCheckpoint.HighWatermarks,
        OffsetCheckpoint.LogStarts,
        OffsetCheckpoint.Cleaned,
    ];

    /// <summary>Everything that was found, log by log.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">A log directory, or the directory of one log.</param>
    /// <exception cref="LogDirectoryException">There is no such directory, or a process uses it.</exception>
    /// <exception cref="DiskException">The disk failed.</exception>
    public static VerificationResult Run(IDisk disk, string path)
    {
        (string directory, string? only) = Locate(disk, path);
        using IDisposable taken =
            disk.TryLock($"{directory}/{LogDirectory.LockName}")
            ?? throw new LogDirectoryException(directory, $"{directory} is in use by another process; stop the node first");
        List<LogFinding> findings = [];
        Dictionary<string, IReadOnlyDictionary<TopicPartition, Offset>> checkpoints = [];
        foreach (string name in CheckpointNames)
        {
            checkpoints[name] = ReadCheckpoint(disk, $"{directory}/{name}", only is null ? findings : []);
        }

        bool wasClean = CleanShutdownFile.Read(disk, directory) is not null;
        List<TopicPartition> logs = Logs(disk, directory, only);
        foreach (TopicPartition partition in logs)
        {
            LoadHints remembered = new(
                wasClean,
                checkpoints[OffsetCheckpoint.RecoveryPoints].GetValueOrDefault(partition),
                checkpoints[OffsetCheckpoint.LogStarts].GetValueOrDefault(partition),
                checkpoints[OffsetCheckpoint.HighWatermarks].GetValueOrDefault(partition),
                checkpoints[OffsetCheckpoint.Cleaned].GetValueOrDefault(partition),
                IsFlushed: false
            );
            string log = $"{directory}/{partition}";
            findings.AddRange(new LogVerification(disk, log, remembered).Run());
            findings.AddRange(QuorumFiles(disk, log));
        }

        if (only is null)
        {
            findings.AddRange(Directory(disk, directory, logs, checkpoints[OffsetCheckpoint.HighWatermarks].Keys));
        }

        return new VerificationResult(directory, logs, findings);
    }

    private static (string Directory, string? Only) Locate(IDisk disk, string path)
    {
        string whole = path.TrimEnd('/');
        if (!disk.DirectoryExists(whole))
        {
            throw new LogDirectoryException(whole, $"{whole} is no directory");
        }

        if (disk.FileExists($"{whole}/{MetaProperties.FileName}"))
        {
            return (whole, null);
        }

        int slash = whole.LastIndexOf('/');
        string parent = slash > 0 ? whole[..slash] : "/";
        return LogFileNames.TryParsePartition(whole[(slash + 1)..], out _) && disk.FileExists($"{parent}/{MetaProperties.FileName}")
            ? (parent, whole[(slash + 1)..])
            : throw new LogDirectoryException(
                whole,
                $"{whole} is neither a log directory, which has a {MetaProperties.FileName}, nor the directory of a log in one "
                    + $"(topic-partition)"
            );
    }

    private static List<TopicPartition> Logs(IDisk disk, string directory, string? only)
    {
        List<TopicPartition> logs = [];
        foreach (string name in disk.ListDirectories(directory))
        {
            if (LogFileNames.TryParsePartition(name, out TopicPartition partition) && (only is null || only == name))
            {
                logs.Add(partition);
            }
        }

        logs.Sort();
        return logs;
    }

    private static IReadOnlyDictionary<TopicPartition, Offset> ReadCheckpoint(IDisk disk, string path, List<LogFinding> findings)
    {
        if (!disk.FileExists(path))
        {
            return new Dictionary<TopicPartition, Offset>();
        }

        if (LogFileContent.Checkpoint(disk, path) is { } offsets)
        {
            return offsets;
        }

        findings.Add(
            new LogFinding(
                path,
                null,
                "it is damaged; a start takes it for absent: logs are scanned, and what was deleted by DeleteRecords within a segment "
                    + "may be seen again",
                LogRepairKind.Remove,
                null
            )
        );
        return new Dictionary<TopicPartition, Offset>();
    }

    private static IEnumerable<LogFinding> Directory(
        IDisk disk,
        string directory,
        List<TopicPartition> logs,
        IEnumerable<TopicPartition> remembered
    )
    {
        string? damage = null;
        try
        {
            MetaProperties.Read(disk, directory);
        }
        catch (LogDirectoryException damaged)
        {
            damage = damaged.Message;
        }

        if (damage is not null)
        {
            yield return new LogFinding($"{directory}/{MetaProperties.FileName}", null, damage, LogRepairKind.None, null);
        }

        foreach (TopicPartition lost in remembered.Where(each => logs.BinarySearch(each) < 0).Order())
        {
            yield return new LogFinding(
                $"{directory}/{lost}",
                null,
                $"{OffsetCheckpoint.HighWatermarks} tells of this log, and its directory is missing",
                LogRepairKind.None,
                null
            );
        }

        foreach (string name in disk.ListDirectories(directory))
        {
            if (name.EndsWith(LogFileNames.StraySuffix, StringComparison.Ordinal))
            {
                yield return new LogFinding(
                    $"{directory}/{name}",
                    null,
                    "a log that no metadata knew was set aside here; nobody reads it",
                    LogRepairKind.None,
                    null
                );
            }
        }
    }

    /// <summary>What only the log of the metadata has beside it.</summary>
    private static IEnumerable<LogFinding> QuorumFiles(IDisk disk, string log)
    {
        string? damage = null;
        try
        {
            new QuorumStateFile(disk, log).Read();
        }
        catch (LogDirectoryException damaged)
        {
            damage = damaged.Message;
        }

        if (damage is not null)
        {
            yield return new LogFinding($"{log}/{QuorumStateFile.FileName}", null, damage, LogRepairKind.None, null);
        }

        SnapshotStore snapshots = new(disk, log);
        foreach (StoredSnapshotId id in snapshots.List())
        {
            string path = snapshots.PathOf(id);
            using SegmentReader reader = SegmentReader.Open(disk, path)!;
            bool isIntact = reader.Length > 0;
            while (isIntact && reader.MoveNext())
            {
                isIntact = reader.IsIntact;
            }

            if (!isIntact || reader.Fault is not null)
            {
                yield return new LogFinding(
                    path,
                    reader.Position,
                    "the snapshot is damaged; a start renames it and takes the one before it, where that and the log hold all that it held",
                    LogRepairKind.None,
                    null
                );
            }
        }
    }
}

/// <summary>What a verification looked at and found.</summary>
/// <param name="Directory">The log directory.</param>
/// <param name="Logs">The logs that were read.</param>
/// <param name="Findings">What contradicts the rest; empty where all is well.</param>
public sealed record VerificationResult(string Directory, IReadOnlyList<TopicPartition> Logs, IReadOnlyList<LogFinding> Findings);
