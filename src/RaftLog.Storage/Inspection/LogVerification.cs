using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Holds the files of one log of a stopped node against each other. It reads every byte and changes none.</summary>
/// <param name="disk">The disk.</param>
/// <param name="directory">The log's directory.</param>
/// <param name="remembered">What the log directory's checkpoints say of it.</param>
internal sealed class LogVerification(IDisk disk, string directory, LoadHints remembered)
{
    private readonly List<LogFinding> _findings = [];

    /// <summary>Everything that was found, in the order of the offsets.</summary>
    public IReadOnlyList<LogFinding> Run()
    {
        List<Offset> bases = Bases();
        Leftovers(bases);
        LogLife life = new(Epochs(), remembered.CleanedTo, bases.Count == 0 ? Offset.Zero : bases[0])
        {
            EpochsKnownTo = remembered.WasClean ? new Offset(long.MaxValue) : remembered.RecoveryPoint,
        };
        life.KnowsProducers =
            bases.Count > 0
            && (bases[0] == Offset.Zero || ProducerSnapshots.RestoreNewest(disk, directory, bases[0], life.Producers) == bases[0]);
        bool isWhole = true;
        Offset before = life.End;
        foreach (Offset start in bases)
        {
            if (isWhole && start > life.End && start > remembered.CleanedTo && life.HasBatches)
            {
                string ends = LogFileNames.OfOffset(before, LogFileNames.Log);
                Add(
                    ends,
                    $"it ends at offset {life.End}, and the next segment begins at {start}: what was between the two is lost",
                    LogRepairKind.Truncate,
                    before,
                    LengthOf(ends)
                );
                isWhole = false;
            }

            before = start;

            if (isWhole)
            {
                IReadOnlyList<LogFinding> found = new SegmentVerification(disk, directory, start, life).Run();
                _findings.AddRange(found);
                isWhole = !found.Any(finding => finding.Repair == LogRepairKind.Truncate);
            }
        }

        Snapshots(life, isWhole);
        Remembered(bases, life, isWhole);
        return _findings;
    }

    private List<Offset> Bases()
    {
        List<Offset> bases = [];
        foreach (string name in disk.ListFiles(directory))
        {
            if (LogFileNames.TryParseOffset(name, LogFileNames.Log, out Offset offset))
            {
                bases.Add(offset);
            }
        }

        bases.Sort();
        return bases;
    }

    private void Leftovers(List<Offset> bases)
    {
        foreach (string name in disk.ListFiles(directory))
        {
            foreach (string suffix in LogFileNames.OfSegment.AsSpan(1))
            {
                if (LogFileNames.TryParseOffset(name, suffix, out Offset offset) && !bases.Contains(offset))
                {
                    Add(
                        name,
                        $"there is no {LogFileNames.OfOffset(offset, LogFileNames.Log)}: an index means nothing without its segment",
                        LogRepairKind.Remove,
                        null
                    );
                }
            }

            if (LogFileNames.IsLeftover(name))
            {
                Add(name, "left by work that a stop interrupted; the next start finishes or removes it", LogRepairKind.None, null);
            }
        }

        if (bases.Count == 0)
        {
            Add("", "there is no segment", LogRepairKind.None, null);
        }

        if (PartitionMetadataFile.Read(disk, directory) == Uuid.Zero)
        {
            Add(
                LogFileNames.PartitionMetadata,
                "it does not say which topic the log belongs to; a start sets the log aside as a stray, and a replica copies it again. "
                    + "It cannot be made from the other files",
                LogRepairKind.None,
                null
            );
        }
    }

    private LeaderEpochs? Epochs()
    {
        if (AtomicFile.Read(disk, $"{directory}/{LogFileNames.LeaderEpochs}") is not { } bytes)
        {
            return null;
        }

        LeaderEpochs epochs = new();
        if (EpochCheckpoint.Parse(bytes) is { } entries && epochs.TryRestore(entries))
        {
            return epochs.Entries.Count > 0 ? epochs : null;
        }

        Add(LogFileNames.LeaderEpochs, "it is damaged", LogRepairKind.Remove, null);
        return null;
    }

    private void Snapshots(LogLife life, bool isWhole)
    {
        foreach (string name in disk.ListFiles(directory))
        {
            if (!LogFileNames.TryParseOffset(name, LogFileNames.ProducerSnapshot, out Offset offset))
            {
                continue;
            }

            if (LogFileContent.Producers(disk, $"{directory}/{name}") is null)
            {
                Add(name, "it is damaged", LogRepairKind.Remove, null);
            }
            else if (isWhole && offset > life.End)
            {
                Add(name, $"it is of offset {offset}, and the log ends at {life.End}", LogRepairKind.Remove, null);
            }
        }
    }

    /// <summary>A flushed record that is gone is not what a crash leaves.</summary>
    private void Remembered(List<Offset> bases, LogLife life, bool isWhole)
    {
        if (bases.Count == 0 || !isWhole)
        {
            return;
        }

        string last = LogFileNames.OfOffset(bases[^1], LogFileNames.Log);
        foreach (
            (string name, Offset offset) in (ReadOnlySpan<(string, Offset)>)
                [
                    (OffsetCheckpoint.RecoveryPoints, remembered.RecoveryPoint),
                    (OffsetCheckpoint.HighWatermarks, remembered.HighWatermark),
                    (OffsetCheckpoint.LogStarts, remembered.Start),
                ]
        )
        {
            if (offset > life.End)
            {
                Add(
                    last,
                    $"the log ends at offset {life.End}, and {name} says {offset}: batches are lost, or that file is damaged",
                    LogRepairKind.Truncate,
                    bases[^1],
                    LengthOf(last)
                );
                return;
            }
        }
    }

    private long LengthOf(string name)
    {
        using IDiskFile? file = disk.OpenExisting($"{directory}/{name}");
        return file?.Length ?? 0;
    }

    private void Add(string name, string what, LogRepairKind repair, Offset? segment, long? position = null) =>
        _findings.Add(new LogFinding(name.Length == 0 ? directory : $"{directory}/{name}", position, what, repair, segment));
}
