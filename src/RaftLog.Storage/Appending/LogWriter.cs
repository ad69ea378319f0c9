using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Writes batches that were judged and have their offsets into a log's last segment, begins the next one when that is full, and says when
/// the log is to be flushed. Under the partition's lock.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="home">Its directory.</param>
/// <param name="segments">Its segments.</param>
/// <param name="snapshotAt">The offset of the newest snapshot of producers that is sound; zero where there is none.</param>
internal sealed class LogWriter(PartitionLog log, LogHome home, SegmentList segments, Offset snapshotAt)
{
    /// <summary>What a timer takes.</summary>
    private const long LongestDelayMs = int.MaxValue;

    /// <summary>Up to here a start reads batches rather than a snapshot of producers, which would be one more file for each log.</summary>
    private const long FewBytes = 16 << 10;

    private Offset _snapshotAt = snapshotAt;
    private bool _flushesLater;

    private LogSettings Settings => log.Settings;

    /// <summary>Writes whole batches, in one write for each segment that they fall into.</summary>
    public AppendResult Write(ReadOnlySpan<byte> batches, long appendTimeMs, long nowMs)
    {
        BatchHeader.TryRead(batches, out BatchHeader first);
        bool rolled = false;
        bool isUntouched = true;
        try
        {
            while (!batches.IsEmpty)
            {
                BatchHeader.TryRead(batches, out BatchHeader next);
                rolled |= segments.Active.MustRoll(next, Settings, nowMs) && TryRollFor(next, nowMs);
                int run = segments.Active.RunLength(batches, next, Settings);

                // Opened before the batches are in the log: there is no way back then.
                using FileLease index = BatchEffects.MayAbort(batches[..run]) ? segments.Active.Transactions.LeaseFile() : default;
                segments.Active.Write(batches[..run]);
                isUntouched = false;
                Publish(batches[..run]);
                batches = batches[run..];
            }
        }
        catch (DiskException failure)
        {
            // A file that cannot be opened for want of a descriptor is as it was, and so is the log.
            if (failure.Kind == DiskErrorKind.NoDescriptors && isUntouched && home.RejectsForNow)
            {
                home.Health.Reject(failure);
            }
            else
            {
                home.Health.Fail(failure);
            }

            return AppendResult.Rejected(ErrorCode.KafkaStorageError, failure.Message);
        }

        if (rolled || log.EndOffset - log.FlushedTo >= Settings.FlushIntervalMessages)
        {
            home.Flusher.Add(log);
        }
        else if (Settings.FlushIntervalMs < long.MaxValue && !Volatile.Read(ref _flushesLater))
        {
            Volatile.Write(ref _flushesLater, true);
            _ = home.FlushLaterAsync(log, TimeSpan.FromMilliseconds(Math.Min(Settings.FlushIntervalMs, LongestDelayMs)));
        }

        return new AppendResult
        {
            BaseOffset = first.BaseOffset,
            LastOffset = log.EndOffset - 1,
            AppendTimeMs = appendTimeMs,
            LogStartOffset = log.StartOffset,
        };
    }

    /// <summary>Begins the next segment at the end of the log.</summary>
    public void Roll(long nowMs) => Roll(log.EndOffset, nowMs);

    /// <summary>Begins the next segment at the end of the log or above it; what lies between holds no record, and never will.</summary>
    private void Roll(Offset at, long nowMs)
    {
        LogSegment full = segments.Active;

        // The full segment can be appended to until the next one is there: a disk that has no descriptor for that leaves the log as it was.
        full.WriteIndexes();
        if (Settings.Preallocates)
        {
            full.ShrinkFileToSize();
        }

        WriteSnapshot(at);
        AddSegment(at, nowMs);
        log.SetEnd(at);
        full.Seal();
        log.Flushing.Sealed(full);
    }

    /// <summary>Writes a snapshot of producers where a start would have to read much to make it.</summary>
    public void WriteSnapshotIfWorthIt()
    {
        if (_snapshotAt < log.EndOffset && segments.BytesAfter(_snapshotAt) > FewBytes)
        {
            WriteSnapshot(log.EndOffset);
        }
    }

    /// <summary>The snapshots above an offset are gone.</summary>
    public void SnapshotsGone(Offset above) => _snapshotAt = _snapshotAt > above ? Offset.Zero : _snapshotAt;

    /// <summary>Hands the log to the flusher when its settings ask for a flush now.</summary>
    public void RequestFlush()
    {
        if (log.Flushing.IsDirty && log.EndOffset - log.FlushedTo >= Settings.FlushIntervalMessages)
        {
            home.Flusher.Add(log);
        }
    }

    /// <summary>The time of <c>flush.ms</c> is over.</summary>
    public void FlushIsDue()
    {
        Volatile.Write(ref _flushesLater, false);
        if (!log.IsDeleted && log.Flushing.IsDirty)
        {
            home.Flusher.Add(log);
        }
    }

    /// <summary>
    /// Starts a new segment for a batch. Where there is no descriptor for its files the old one goes on growing beyond its limits, as far
    /// as its indexes can tell positions and offsets, and the next batch tries again.
    /// </summary>
    private bool TryRollFor(in BatchHeader batch, long nowMs)
    {
        // Compaction may have left nothing before a batch that a leader sends: then it is too far from the log's end for a segment that
        // begins there, and one begins with the batch, as in Kafka.
        Offset at = FetchedBatches.IsFar(batch, log.EndOffset) ? batch.BaseOffset : log.EndOffset;
        try
        {
            Roll(at, nowMs);
            return true;
        }
        catch (DiskException rejected) when (rejected.Kind == DiskErrorKind.NoDescriptors && segments.Active.CanIndex(batch))
        {
            log.PutOff(rejected);
            return false;
        }
    }

    private void Publish(ReadOnlySpan<byte> batches)
    {
        LogSegment active = segments.Active;
        Offset end = log.EndOffset;
        ReadOnlySpan<byte> rest = batches;
        while (BatchHeader.TryRead(rest, out BatchHeader header))
        {
            active.Publish(header, Settings.IndexIntervalBytes);
            log.Epochs.Assign(header.Epoch, header.BaseOffset);
            if (RecordBatch.Read(rest, out RecordBatch batch) == BatchStatus.Complete)
            {
                BatchEffects.Apply(batch, log.Producers, active.Transactions);
            }

            end = header.NextOffset;
            rest = rest[header.TotalBytes..];
        }

        log.Flushing.Written(active, end, batches.Length);
        log.SetEnd(end);
    }

    private void WriteSnapshot(Offset end)
    {
        log.Flushing.SnapshotWritten(end);
        ProducerSnapshots.Write(home.Disk, log.Path, end, log.Producers.Snapshot());
        _snapshotAt = end;
    }

    private void AddSegment(Offset baseOffset, long nowMs)
    {
        segments.Add(baseOffset, nowMs);
        if (Settings.Preallocates)
        {
            segments.Active.Log.Reserve(Settings.SegmentBytes);
        }

        log.Flushing.NamesChanged();
    }
}
