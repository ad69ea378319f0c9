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
        for (int i = 0; i < bases.Count && isWhole; i++)
        {
            isWhole = !life.TryBlameLeap(bases[i], _findings) && FollowsOn(bases, i, life);
            if (isWhole)
            {
                life.End = Offset.Max(life.End, bases[i]);
                IReadOnlyList<LogFinding> found = new SegmentVerification(disk, directory, bases[i], life).Run();
                _findings.AddRange(found);
                isWhole = !found.Any(finding => finding.Repair == LogRepairKind.Truncate);
            }
        }

        Snapshots(bases, life, isWhole);
        Remembered(bases, life, isWhole);
        return _findings;
    }

    /// <summary>
    /// False where the end of the segment before is lost. A segment begins where the one before ends, unless that was compacted since, or
    /// the next batch is too far away for it. In Kafka it begins with its first batch, so a copy of a compacted log may have a gap there.
    /// </summary>
    private bool FollowsOn(List<Offset> bases, int index, LogLife life)
    {
        Offset start = bases[index];
        if (start <= life.End || start <= remembered.CleanedTo || index == 0 || start - bases[index - 1] > 1L + int.MaxValue)
        {
            return true;
        }

        Offset before = bases[index - 1];
        string name = LogFileNames.OfOffset(before, LogFileNames.Log);
        string gap = $"it ends at offset {life.End}, and the next segment begins at {start}";
        if (LastIndexed(before) is { } indexed && indexed >= life.End)
        {
            Add(
                name,
                $"{gap}; its indexes tell of offset {indexed}: what was there is lost",
                LogRepairKind.Truncate,
                before,
                LengthOf(name)
            );
            return false;
        }

        if (!ShowsCompaction(bases))
        {
            Add(
                name,
                $"{gap}, and nothing shows that the log was ever compacted: what was between the two may be lost. Where another replica is "
                    + "in sync, remove the log's directory, and it is copied again",
                LogRepairKind.None,
                before
            );
        }

        return true;
    }

    /// <summary>The highest offset that a segment's indexes tell of; null where they tell of none.</summary>
    private Offset? LastIndexed(Offset segment)
    {
        string path = $"{directory}/{LogFileNames.OfOffset(segment, "")}";
        Offset last = Offset.None;
        if (LogFileContent.Offsets(disk, path + LogFileNames.OffsetIndex, segment) is { Fault: null, Entries: [.., var offset] })
        {
            last = offset.Offset;
        }

        if (LogFileContent.Times(disk, path + LogFileNames.TimeIndex, segment) is { Fault: null, Entries: [.., var time] })
        {
            last = Offset.Max(last, time.Offset);
        }

        return last == Offset.None ? null : last;
    }

    /// <summary>
    /// True where records are missing as only compaction leaves it out, here or on the replica that this one was copied from: between
    /// batches of which the later ones follow in order, or inside one.
    /// </summary>
    private bool ShowsCompaction(List<Offset> bases)
    {
        if (remembered.CleanedTo > Offset.Zero)
        {
            return true;
        }

        foreach (Offset start in bases)
        {
            using SegmentReader reader = SegmentReader.Open(disk, $"{directory}/{LogFileNames.OfOffset(start, LogFileNames.Log)}")!;
            Offset end = start;
            bool hasLeapt = false;
            while (reader.MoveNext())
            {
                bool isPartial = !reader.IsLegacy && reader.RecordCount <= reader.Header.LastOffsetDelta && reader.IsIntact;
                if (isPartial || (hasLeapt && reader.Header.BaseOffset >= end))
                {
                    return true;
                }

                hasLeapt = reader.Header.BaseOffset > end && !reader.IsLegacy;
                end = reader.Header.NextOffset;
            }
        }

        return false;
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

    private void Snapshots(List<Offset> bases, LogLife life, bool isWhole)
    {
        foreach (string name in disk.ListFiles(directory))
        {
            if (!LogFileNames.TryParseOffset(name, LogFileNames.ProducerSnapshot, out Offset offset))
            {
                continue;
            }

            if (LogFileContent.Producers(disk, $"{directory}/{name}") is null)
            {
                Add(name, DamageOf(offset, bases), LogRepairKind.Remove, null);
            }
            else if (isWhole && offset > life.End)
            {
                Add(name, $"it is of offset {offset}, and the log ends at {life.End}", LogRepairKind.Remove, null);
            }
        }
    }

    /// <summary>
    /// Snapshots are not flushed when they are written, so a torn one is what a power cut leaves. Only the one that stands where the log
    /// begins says what no batch says any more, and is flushed before they go.
    /// </summary>
    private static string DamageOf(Offset snapshot, List<Offset> bases) =>
        bases.Count > 0 && snapshot == bases[0] && snapshot > Offset.Zero
            ? "it is damaged, and the batches before it are gone: what producers wrote there last is not known any more, and a batch that "
                + "comes again is taken again"
            : "it is not whole, as a power cut leaves a snapshot that was not flushed yet; a start passes over it, and makes the states of "
                + "producers from the one before and the batches. Nothing is lost";

    /// <summary>A flushed record that is gone is not what a crash leaves.</summary>
    private void Remembered(List<Offset> bases, LogLife life, bool isWhole)
    {
        if (bases.Count == 0 || !isWhole)
        {
            return;
        }

        if (
            life.Leap is { } leap
            && (leap.EndWithout == remembered.RecoveryPoint || leap.EndWithout == remembered.HighWatermark)
            && leap.EndWithout < life.End
        )
        {
            bool isCertain = !ShowsCompaction(bases);
            _findings.Add(
                leap.Found($"a checkpoint has offset {leap.EndWithout} as the end", isCertain ? LogRepairKind.Truncate : LogRepairKind.None)
            );
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
