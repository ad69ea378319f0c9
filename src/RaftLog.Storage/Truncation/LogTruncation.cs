using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Takes records away from the end or the start of a log. Under the partition's lock.</summary>
/// <param name="log">The log.</param>
/// <param name="home">Its directory.</param>
/// <param name="segments">Its segments.</param>
/// <param name="writer">Who writes to it.</param>
internal sealed partial class LogTruncation(PartitionLog log, LogHome home, SegmentList segments, LogWriter writer)
{
    private bool _dropWaits;

    /// <summary>See <see cref="PartitionLog.TruncateTo"/>.</summary>
    public void To(Offset offset)
    {
        if (offset < log.StartOffset)
        {
            FullyTo(offset);
            return;
        }

        Offset epochsEnd = offset;
        SeededBugKeepsEpochs(ref epochsEnd);
        log.Epochs.TruncateFromEnd(epochsEnd);
        if (offset >= log.EndOffset)
        {
            return;
        }

        Offset end = BatchStart(offset);
        if (end < log.StartOffset)
        {
            // The log begins inside the batch that goes.
            FullyTo(log.StartOffset);
            return;
        }

        log.Guarded(() => TruncateWithin(end));
    }

    partial void SeededBugKeepsEpochs(ref Offset epochsEnd);

    /// <summary>See <see cref="PartitionLog.TruncateFullyAndStartAt"/>.</summary>
    public void FullyTo(Offset offset)
    {
        log.Flushing.BeginTruncation(offset);
        log.Guarded(() =>
        {
            log.SetEmptyAt(offset);
            segments.DeleteFiles();
            ProducerSnapshots.DeleteAbove(home.Disk, log.Path, Offset.None);
            writer.SnapshotsGone(Offset.None);
            segments.BeginAt(offset);
            log.Flushing.NamesChanged();
            log.Epochs.Clear();
            log.Producers.Clear();
            log.Flushing.CompleteTruncation(segments.Current, offset);
        });
        home.Flusher.Add(log);
    }

    /// <summary>See <see cref="PartitionLog.AdvanceStart"/>.</summary>
    public void StartTo(Offset offset)
    {
        Offset start = Offset.Min(offset, log.EndOffset);
        if (start <= log.StartOffset)
        {
            DropWaiting();
            return;
        }

        log.SetStart(start);
        log.Epochs.TruncateFromStart(start);
        log.Guarded(() => DropBelow(start));
    }

    /// <summary>See <see cref="PartitionLog.OnFlushed"/>.</summary>
    public void DropWaiting()
    {
        if (_dropWaits)
        {
            log.Guarded(() => DropBelow(log.StartOffset));
        }
    }

    /// <summary>See <see cref="PartitionLog.TruncationPointOf"/>.</summary>
    public Offset PointOf(Offset offset) =>
        offset >= log.EndOffset || offset < log.StartOffset ? offset : Offset.Max(BatchStart(offset), log.StartOffset);

    /// <summary>In a gap in which no segment can go on the log ends with the record before.</summary>
    private Offset BatchStart(Offset offset)
    {
        LogSegment holder = segments.Holder(offset);
        return offset - holder.BaseOffset > int.MaxValue ? holder.NextOffset : holder.TruncationPoint(offset);
    }

    private void TruncateWithin(Offset end)
    {
        LogSegment holder = segments.Holder(end);
        log.Flushing.BeginTruncation(end);
        log.SetTruncated(end);
        segments.DropAfter(end);
        bool losesBytes = holder.NextOffset > end;
        holder.TruncateTo(end);
        log.Epochs.TruncateFromEnd(end);
        Offset snapshotsEnd = end;
        ProducerStates producers = log.Producers;
        SeededBugKeepsProducers(ref snapshotsEnd, ref producers);
        ProducerSnapshots.DeleteAbove(home.Disk, log.Path, snapshotsEnd);
        ProducerReplay.Rebuild(home.Disk, log.Path, segments.Current, producers, log.HighWatermark);
        writer.SnapshotsGone(end);
        log.Producers.Committed(log.HighWatermark);
        if (losesBytes)
        {
            StartFreshFile(holder, end);
        }

        log.Flushing.CompleteTruncation(segments.Current, end);
        home.Flusher.Add(log);
    }

    static partial void SeededBugKeepsProducers(ref Offset snapshotsEnd, ref ProducerStates producers);

    /// <summary>
    /// Nothing is written over truncated bytes before the truncation is on the disk. A batch's offset and epoch lie outside its checksum,
    /// so a power cut could leave an old batch's epoch before a new batch's records, and nobody would notice.
    /// </summary>
    private void StartFreshFile(LogSegment holder, Offset end)
    {
        if (end > holder.BaseOffset)
        {
            writer.Roll(holder.CreatedMs);
            return;
        }

        segments.RenewActive();
        log.Flushing.NamesChanged();
    }

    private void DropBelow(Offset start)
    {
        _dropWaits = segments.Current.Length > 1 && !CanBeginAt(segments.FirstFrom(start));
        if (!_dropWaits && segments.DropBelow(start, home.Deletions, home.NowMs + log.Settings.FileDeleteDelayMs))
        {
            ProducerSnapshots.DeleteBelow(home.Disk, log.Path, segments.Current[0].BaseOffset);
            log.Flushing.NamesChanged();
            home.Flusher.Add(log);
        }
    }

    /// <summary>
    /// True when the log can do without the batches before an offset: what these say of producers must be on the disk in the snapshot that
    /// stands there. Otherwise a power cut would take it, and a batch that comes again would be taken again.
    /// </summary>
    private bool CanBeginAt(Offset first)
    {
        bool can = first == segments.Current[0].BaseOffset || log.Producers.Count == 0 || log.Flushing.HasSnapshot(first);
        if (can || log.Flushing.IsSnapshotUnderWay(first))
        {
            return can;
        }

        try
        {
            if (ProducerSnapshots.Open(home.Disk, log.Path, first) is not { } snapshot)
            {
                return true;
            }

            log.Flushing.FlushSnapshot(snapshot, first);
            home.Flusher.Add(log);
        }
        catch (DiskException declined) when (declined.MayPass)
        {
            // There is no descriptor. The next flush, or the next look of retention, asks again.
        }

        return false;
    }
}
