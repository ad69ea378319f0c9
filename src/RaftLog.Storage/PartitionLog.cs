using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// The log of one partition, or of the metadata quorum: segments in Kafka's disk format, the leader epochs and producers that follow from
/// them, and how far it is flushed.
/// <para>
/// One writer at a time: whoever appends, truncates, moves the start or sets the high watermark holds the partition's lock, and never
/// awaits under it; no method here that needs the lock is asynchronous. Offsets, <see cref="Epochs"/>, <see cref="Read"/> and the look-ups
/// may be used by anyone without a lock, while the writer works. The directory's flusher moves <see cref="FlushedTo"/> on its own.
/// </para>
/// </summary>
public sealed partial class PartitionLog
{
    private readonly LogHome _home;
    private readonly LogFolder _folder;
    private readonly SegmentList _segments;
    private volatile LogSettings _settings;
    private long _start;
    private long _end;
    private long _highWatermark;
    private long _cleanedTo;
    private readonly LogWriter _writer;
    private readonly LogTruncation _truncation;

    internal PartitionLog(LogHome home, TopicPartition partition, Uuid topicId, LogFolder folder, LoadedLog loaded, LogSettings settings)
    {
        _home = home;
        Partition = partition;
        TopicId = topicId;
        _folder = folder;
        _segments = new SegmentList(home.Disk, folder, loaded.Segments);
        _settings = settings;
        _start = loaded.Start.Value;
        _end = loaded.End.Value;
        _highWatermark = loaded.HighWatermark.Value;
        _cleanedTo = loaded.CleanedTo.Value;
        Epochs = loaded.Epochs;
        Producers = loaded.Producers;
        StoredEpochs = new StoredEpochs(loaded.StoredEpochs);
        Recovery = loaded.Recovery;
        Flushing = new FlushProgress(loaded.End, loaded.RecoveryPoint);
        _writer = new LogWriter(this, home, _segments, loaded.SnapshotAt);
        _truncation = new LogTruncation(this, home, _segments, _writer);
    }

    /// <summary>The partition.</summary>
    public TopicPartition Partition { get; }

    /// <summary>The topic's id, as in <c>partition.metadata</c>; <see cref="Uuid.Zero"/> where that file is absent or empty.</summary>
    public Uuid TopicId { get; }

    /// <summary>
    /// True for what the node ended over when it made the directory: it was found without <c>partition.metadata</c>, which comes before
    /// the first record, it holds none, and no checkpoint names it.
    /// </summary>
    public bool IsUnmade { get; internal init; }

    /// <summary>The log's directory.</summary>
    public string Path => _folder.Path;

    /// <summary>What opening the log found and did.</summary>
    public LogRecovery Recovery { get; }

    /// <summary>The log's first offset. It may lie inside the first segment.</summary>
    public Offset StartOffset => new(Volatile.Read(ref _start));

    /// <summary>The offset of the next record: the log end.</summary>
    public Offset EndOffset => new(Volatile.Read(ref _end));

    /// <summary>
    /// Records below it survive a power cut (ARCHITECTURE D5). At most <see cref="EndOffset"/> plus what the writer is truncating.
    /// </summary>
    public Offset FlushedTo => Flushing.FlushedTo;

    /// <summary>
    /// How far the log may be counted: towards the high watermark by its leader, and in a Fetch as a follower's position. What is flushed,
    /// or all that is written where the topic asks for the page-cache promise.
    /// </summary>
    public Offset DurableEnd => _settings.FlushesEachAppend ? FlushedTo : EndOffset;

    /// <summary>Raised by each truncation: a flush, and a round of the cleaner, count only for the generation that they began in.</summary>
    public int Generation => Flushing.Generation;

    /// <summary>What the writer last set: committed records lie below it.</summary>
    public Offset HighWatermark => new(Volatile.Read(ref _highWatermark));

    /// <summary>
    /// The first offset that a read_committed reader may not see: the first open or uncommitted transaction, or the high watermark.
    /// </summary>
    public Offset LastStableOffset
    {
        get
        {
            Offset unstable = Producers.FirstUnstable;
            Offset highWatermark = HighWatermark;
            return unstable == Offset.None || unstable > highWatermark ? highWatermark : unstable;
        }
    }

    /// <summary>The leader epochs of the log.</summary>
    public LeaderEpochs Epochs { get; }

    /// <summary>The producers of the log. For the writer only, except <see cref="ProducerStates.FirstUnstable"/>.</summary>
    public ProducerStates Producers { get; }

    /// <summary>Up to here the log was compacted (<c>cleaner-offset-checkpoint</c>). Set under the partition's lock.</summary>
    public Offset CleanedTo
    {
        get => new(Volatile.Read(ref _cleanedTo));
        internal set => Volatile.Write(ref _cleanedTo, value.Value);
    }

    /// <summary>True once the log was deleted or set aside.</summary>
    public bool IsDeleted { get; private set; }

    /// <summary>All bytes of batches.</summary>
    public long SizeBytes => _segments.SizeBytes;

    /// <summary>How the log is divided into segments and when it is flushed. May be changed at any time, by the writer.</summary>
    public LogSettings Settings
    {
        get => _settings;
        set
        {
            _settings = value;
            _writer.RequestFlush();
        }
    }

    internal FlushProgress Flushing { get; }

    /// <summary>Guarded by the flusher's lock.</summary>
    internal bool IsQueuedForFlush { get; set; }

    /// <summary>What the file of <see cref="Epochs"/> holds. The flusher's own.</summary>
    internal StoredEpochs StoredEpochs { get; }

    /// <summary>The segments now; nobody changes the array.</summary>
    internal LogSegment[] Segments => _segments.Current;

    /// <summary>Moves the ends of the log: what its writer and its truncation have done is seen from now on.</summary>
    internal void SetEnd(Offset end) => Volatile.Write(ref _end, end.Value);

    /// <summary>The same for a truncation, which takes the high watermark and what was cleaned along.</summary>
    internal void SetTruncated(Offset end)
    {
        SetEnd(end);
        Volatile.Write(ref _highWatermark, Math.Min(_highWatermark, end.Value));
        CleanedTo = Offset.Min(CleanedTo, end);
    }

    /// <summary>The same for the log's start; at or above the high watermark that moves too.</summary>
    internal void SetStart(Offset start)
    {
        Volatile.Write(ref _start, start.Value);
        Volatile.Write(ref _highWatermark, Math.Max(_highWatermark, start.Value));
    }

    /// <summary>The same for a log that is empty from now on, and goes on at an offset.</summary>
    internal void SetEmptyAt(Offset offset)
    {
        Volatile.Write(ref _start, offset.Value);
        SetEnd(offset);
        Volatile.Write(ref _highWatermark, offset.Value);
        CleanedTo = Offset.Min(CleanedTo, offset);
    }

    private LogSegment Active => _segments.Active;

    /// <summary>
    /// Appends one batch of a producer as leader: checks it, gives it offset and epoch in place, and writes it. The records belong to the
    /// log from the return on, but count only once flushed and replicated.
    /// </summary>
    /// <param name="records">The records of one partition of a Produce request: exactly one batch, changed in place.</param>
    /// <param name="epoch">The leader's epoch.</param>
    /// <param name="settings">The topic's demands.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public AppendResult AppendAsLeader(Memory<byte> records, LeaderEpoch epoch, AppendSettings settings, long nowMs) =>
        AppendAsLeader(Check(records, settings, nowMs), epoch, nowMs);

    /// <summary>
    /// Checks the records of one partition of a Produce request as far as no lock is needed, and changes no byte of them. Needs no lock.
    /// </summary>
    /// <param name="records">Exactly one batch.</param>
    /// <param name="settings">The topic's demands.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public CheckedBatch Check(Memory<byte> records, AppendSettings settings, long nowMs) =>
        ClientBatch.Check(records, settings, nowMs, _home.Decompression);

    /// <summary>The same for a batch that was checked before the lock was taken.</summary>
    /// <param name="checkedBatch">The batch, changed in place.</param>
    /// <param name="epoch">The leader's epoch.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public AppendResult AppendAsLeader(in CheckedBatch checkedBatch, LeaderEpoch epoch, long nowMs)
    {
        if ((Unusable() ?? checkedBatch.Rejection) is { } rejected)
        {
            return rejected;
        }

        Memory<byte> records = checkedBatch.Records;
        MutableRecordBatch.Read(records.Span, out MutableRecordBatch batch);
        SequenceVerdict verdict = Producers.Judge(new BatchHeader(batch.Batch, batch.Batch.Size), AppendOrigin.Client);
        if (verdict.Error != ErrorCode.None)
        {
            return AppendResult.Rejected(verdict.Error, verdict.Message!);
        }

        if (verdict.Duplicate is { } before)
        {
            SeededBugMistakesRepeated(batch.Batch.ProducerId, ref before);
            return new AppendResult
            {
                BaseOffset = before.FirstOffset,
                LastOffset = before.LastOffset,
                AppendTimeMs = before.Timestamp,
                LogStartOffset = StartOffset,
                IsDuplicate = true,
            };
        }

        checkedBatch.Stamp(nowMs);
        batch.Assign(EndOffset, epoch);
        return _writer.Write(
            records.Span,
            checkedBatch.Settings.TimestampType == TimestampType.LogAppendTime ? nowMs : RecordBatch.NoTimestamp,
            nowMs
        );
    }

    partial void SeededBugMistakesRepeated(ProducerId producer, ref ProducedBatch before);

    /// <summary>
    /// Appends batches that this node built: records of the Raft leader or of a coordinator, transaction markers. Offsets and epoch are
    /// assigned in place; of the content only producer and coordinator epochs are checked.
    /// </summary>
    /// <param name="batches">One or more whole batches.</param>
    /// <param name="epoch">The leader's epoch.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public AppendResult AppendBuilt(Memory<byte> batches, LeaderEpoch epoch, long nowMs)
    {
        if (Unusable() is { } offline)
        {
            return offline;
        }

        if (BuiltBatches.Assign(batches.Span, this, epoch) is { } rejected)
        {
            return rejected;
        }

        return _writer.Write(batches.Span, RecordBatch.NoTimestamp, nowMs);
    }

    /// <summary>
    /// Appends the marker that ends a producer's transaction, unless the same one is there already and nothing is left to end: then the
    /// result is a duplicate that ends with the log.
    /// </summary>
    /// <param name="marker">One batch with one commit or abort marker.</param>
    /// <param name="transactionVersion">The version of the transaction (KIP-1228).</param>
    /// <param name="epoch">The leader's epoch.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public AppendResult AppendMarker(Memory<byte> marker, short transactionVersion, LeaderEpoch epoch, long nowMs)
    {
        if (Unusable() is { } offline)
        {
            return offline;
        }

        if (BuiltBatches.AssignMarker(marker.Span, this, transactionVersion, epoch) is { } settled)
        {
            return settled;
        }

        return _writer.Write(marker.Span, RecordBatch.NoTimestamp, nowMs);
    }

    /// <summary>
    /// Appends what a follower fetched, with the offsets that it has there. Offsets may leap (the leader's log was compacted) but never go
    /// back. Appending stops before a batch of an epoch above the follower's own, and before a torn one; what came before is kept. A batch
    /// whose checksum is wrong rejects all.
    /// </summary>
    /// <param name="records">The records of one partition of a Fetch response.</param>
    /// <param name="currentEpoch">The epoch in which the follower fetched (KAFKA-18723).</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public AppendResult AppendAsFollower(Memory<byte> records, LeaderEpoch currentEpoch, long nowMs)
    {
        if (Unusable() is { } offline)
        {
            return offline;
        }

        Offset? whole = BatchAtStart(records.Span);
        if (FetchedBatches.Check(records.Span, whole ?? EndOffset, currentEpoch, out int length) is { } rejected)
        {
            return rejected;
        }

        if (
            length > 0
            && BatchHeader.TryRead(records.Span, out BatchHeader head)
            && FetchedBatches.IsFar(head, EndOffset)
            && Flushing.IsDirty
        )
        {
            // It begins a segment that does not follow from the one before. Recovery can tell such a leap from a lost end only because
            // everything before was durable when the segment was made: it is taken when it comes again after the flush.
            _home.Flusher.Add(this);
            length = 0;
        }

        if (length == 0)
        {
            return new AppendResult
            {
                BaseOffset = Offset.None,
                LastOffset = Offset.None,
                AppendTimeMs = -1,
                LogStartOffset = StartOffset,
            };
        }

        Offset start = StartOffset;
        if (whole is { } first)
        {
            // The leader's log begins inside the batch, which is in a log as a whole.
            TruncateFullyAndStartAt(first);
            if (Unusable() is { } failed)
            {
                return failed;
            }
        }

        AppendResult result = _writer.Write(records.Span[..length], RecordBatch.NoTimestamp, nowMs);
        AdvanceStart(start);
        return result;
    }

    /// <summary>
    /// Where the first of some batches begins, when this log is empty and its start lies inside that batch. Then
    /// <see cref="LogDirectory.PrepareTruncationAsync"/> to it must have been awaited before they are appended.
    /// </summary>
    /// <param name="records">What a leader has sent.</param>
    public Offset? BatchAtStart(ReadOnlySpan<byte> records) =>
        EndOffset == StartOffset
        && BatchHeader.TryRead(records, out BatchHeader first)
        && first.BaseOffset < EndOffset
        && first.NextOffset > EndOffset
            ? first.BaseOffset
            : null;

    /// <summary>Notes that a leadership begins at the log's end, before its first append (KIP-101).</summary>
    public void BeginEpoch(LeaderEpoch epoch)
    {
        SeededBugForgetsProducers();
        Epochs.Assign(epoch, EndOffset);
    }

    partial void SeededBugForgetsProducers();

    /// <summary>
    /// Finds the bytes from an offset on. Takes no lock; dispose the slice after reading it. One slice lies in one segment, so it may end
    /// before the limit.
    /// </summary>
    /// <param name="from">The first offset wanted, from the log's start to its end.</param>
    /// <param name="maxBytes">The most bytes.</param>
    /// <param name="upTo">Only batches that end at or before it: the high watermark, last stable offset or log end, as the reader may
    /// see.</param>
    /// <param name="atLeastOneBatch">The first batch comes whole even when it has more than <paramref name="maxBytes"/> (KIP-74).</param>
    public ReadResult Read(Offset from, int maxBytes, Offset upTo, bool atLeastOneBatch) =>
        LogReader.Read(this, from, maxBytes, upTo, atLeastOneBatch);

    /// <summary>
    /// The first record at or after a time, from the log's start on; null when there is none. Reads batches: not for hot paths.
    /// </summary>
    /// <param name="timestamp">Milliseconds since 1970.</param>
    /// <exception cref="DecompressionBudgetException">There is no memory for it now.</exception>
    /// <exception cref="CorruptBatchException">A batch that it would have to be looked for in is corrupt.</exception>
    public TimestampedOffset? FindByTimestamp(long timestamp) =>
        new TimestampLookup(_home.Decompression).FirstAtOrAfter(Segments, timestamp, StartOffset);

    /// <summary>The first record with the largest timestamp of the log; null for a log without timestamps. Reads a batch.</summary>
    /// <exception cref="DecompressionBudgetException">There is no memory for it now.</exception>
    /// <exception cref="CorruptBatchException">A batch that it would have to be looked for in is corrupt.</exception>
    public TimestampedOffset? FindMaxTimestamp() => new TimestampLookup(_home.Decompression).Latest(Segments);

    /// <summary>
    /// The aborted transactions that a reader under read_committed of these offsets must know (KIP-98), by where they began. Kafka has them
    /// by their markers; kafkajs 2.2 then hands out records of the second of two that overlap.
    /// </summary>
    /// <param name="from">The first offset read.</param>
    /// <param name="upTo">The offset after the last one read.</param>
    public IReadOnlyList<AbortedTransaction> AbortedTransactions(Offset from, Offset upTo) =>
        LogReader.AbortedTransactions(Segments, from, upTo);

    /// <summary>
    /// Sets the high watermark, which Replication or Raft has decided; the log remembers it for checkpoints, recovery points and the
    /// last stable offset.
    /// </summary>
    public void SetHighWatermark(Offset highWatermark)
    {
        Offset bounded = Offset.Min(Offset.Max(highWatermark, StartOffset), EndOffset);
        Volatile.Write(ref _highWatermark, bounded.Value);
        Producers.Committed(bounded);
    }

    /// <summary>
    /// Drops all records at and above an offset, with the epochs and producer states that came with them; at or above the log's end it only
    /// drops epochs that left no record (KAFKA-10706). Where a truncation goes below the high watermark (after an unclean election, or a
    /// leader that lost its log), await <see cref="LogDirectory.PrepareTruncationAsync"/> first, without the lock: recovery trusts what
    /// lies below the recovery point.
    /// </summary>
    /// <param name="offset">The new end; inside a batch, the whole batch goes.</param>
    public void TruncateTo(Offset offset) => _truncation.To(offset);

    /// <summary>
    /// Drops all records, and goes on at an offset: a snapshot was installed, or the leader's log begins above this one's end.
    /// </summary>
    /// <param name="offset">The new start and end.</param>
    public void TruncateFullyAndStartAt(Offset offset) => _truncation.FullyTo(offset);

    /// <summary>
    /// Raises the log's start: records below it are gone for readers. Segments that lie wholly below it are deleted, except the last.
    /// </summary>
    /// <remarks>
    /// Their files go when what they say of producers is on the disk without them: soon after, with <see cref="OnFlushed"/>.
    /// </remarks>
    public void AdvanceStart(Offset offset) => _truncation.StartTo(offset);

    /// <summary>More of the log is on the disk: files go that had to wait for that.</summary>
    public void OnFlushed() => _truncation.DropWaiting();

    /// <summary>
    /// Removes whole segments that are too old or too much, below the high watermark. Where that is all of them a new, empty segment is
    /// begun. The result says what went, and what keeps the rest.
    /// </summary>
    /// <param name="limits">The topic's limits.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public RetentionDecision Retain(RetentionLimits limits, long nowMs)
    {
        RetentionDecision decision = RetentionDecision.Of(_segments.Extents(EndOffset), limits, StartOffset, HighWatermark, nowMs);
        if (decision.TakesActive)
        {
            Roll(nowMs);
        }

        AdvanceStart(decision.Start);
        return decision;
    }

    /// <summary>
    /// True when this log holds more of a partition than another log of it on the same node: a later epoch, or the same one up to a later
    /// offset. Both are there where a crash came while a copy took the place of the log that it is a copy of, and the copy is the one that
    /// was written to since.
    /// </summary>
    public bool GoesFurtherThan(PartitionLog other) => (Epochs.Latest, EndOffset).CompareTo((other.Epochs.Latest, other.EndOffset)) > 0;

    /// <summary>How much of the log may be compacted now, and needs it.</summary>
    /// <param name="settings">The topic's settings.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    public CleanableRange Cleanable(CleaningSettings settings, long nowMs) =>
        CleanableRange.Of(_segments.Extents(EndOffset), CleanedTo, StartOffset, LastStableOffset, settings, nowMs);

    /// <summary>
    /// Starts a new segment, so that what came before can be deleted or compacted; does nothing while the last one is empty, while there is
    /// no descriptor for its files, or once a stop has closed the log.
    /// </summary>
    public void Roll(long nowMs)
    {
        if (Segments.Length == 0 || Active.Size == 0)
        {
            return;
        }

        Guarded(() =>
        {
            try
            {
                _writer.Roll(nowMs);
                _home.Flusher.Add(this);
            }
            catch (DiskException rejected) when (rejected.Kind == DiskErrorKind.NoDescriptors)
            {
                PutOff(rejected);
            }
        });
    }

    /// <summary>
    /// Where the log would really end when truncated at an offset: at the batch's start when the offset lies inside one, but not below the
    /// log's start.
    /// </summary>
    internal Offset TruncationPointOf(Offset offset) => _truncation.PointOf(offset);

    /// <summary>Marks the log as gone: nothing is appended or flushed any more.</summary>
    internal void MarkDeleted(string newPath)
    {
        IsDeleted = true;
        _folder.Renamed(newPath);
        Flushing.Retire();
        _segments.Release();
    }

    /// <summary>The log's directory has another name.</summary>
    internal void Renamed(string path) => _folder.Renamed(path);

    /// <summary>Takes over the leader epochs of the log that this is a copy of, those without records included.</summary>
    internal void TakeEpochs(LeaderEpochs epochs)
    {
        Epochs.TryRestore(epochs.Entries);
        Epochs.TruncateFromStart(StartOffset);
    }

    /// <summary>
    /// Writes out all that is only in memory, for a clean stop, and names the files to flush. Within a flush of the whole log.
    /// </summary>
    internal void PrepareClose(List<IDiskFile> files)
    {
        Flushing.Begin(files);
        _writer.WriteSnapshotIfWorthIt();
        LogSegment active = Active;
        active.WriteIndexes();
        files.Add(active.Log);
        active.AddIndexes(files);
    }

    /// <summary>Closes the files.</summary>
    internal void Close()
    {
        Flushing.Retire();
        _segments.Release();
        IsDeleted = true;
    }

    /// <summary>What a cleaning round starts from; null when none is due. Under the partition's lock.</summary>
    internal CleaningPlan? PlanCleaning(CleaningSettings settings, long nowMs)
    {
        CleanableRange range = Cleanable(settings, nowMs);
        if (Unusable() is not null || !range.IsDue(settings))
        {
            return null;
        }

        LogSegment[] segments = [.. Segments.Where(segment => segment.BaseOffset < range.FirstUncleanable)];
        return new CleaningPlan(segments, range, _settings, settings, Producers, Generation, nowMs);
    }

    /// <summary>
    /// Makes recovery trust everything below an offset, since it could not tell the holes that cleaning makes from lost records. False when
    /// that is not possible now.
    /// </summary>
    internal async ValueTask<bool> SettleAsync(Offset end)
    {
        if (FlushedTo < end)
        {
            return false;
        }

        DiskException? rejected = null;
        await _home.Flusher.EnqueueAsync(async () => rejected = await _home.TryWriteRecoveryPoints());
        return rejected is null && Flushing.RecoveryPoint >= end;
    }

    /// <summary>A segment to write what stays of some segments. It is not part of the log yet.</summary>
    internal LogSegment BeginCleaned(Offset baseOffset, long createdMs)
    {
        LogSegment cleaned = LogSegment.Open(_home.Disk, _folder, baseOffset, createdMs, LogFileNames.CleanedSuffix);
        cleaned.Forget();
        cleaned.ShrinkFileToSize();
        return cleaned;
    }

    /// <summary>Flushes what was written to a segment that is not part of the log yet.</summary>
    internal ValueTask FlushAheadAsync(LogSegment cleaned) => _home.Disk.FlushAsync([cleaned.Log]);

    /// <inheritdoc cref="SegmentReplacement" />
    internal ValueTask<bool> ReplaceAsync(LogSegment[] replaced, LogSegment[] by, int generation, Func<Func<bool>, bool> locked) =>
        new SegmentReplacement(this, _home, _segments, replaced, by, generation, locked).RunAsync();

    /// <summary>Removes what <see cref="BeginCleaned"/> made.</summary>
    internal void Abandon(LogSegment cleaned)
    {
        if (IsDeleted || _home.Health.IsOffline)
        {
            // The next start, or the deletion of the directory, removes the files.
            cleaned.Release();
            return;
        }

        Guarded(cleaned.Delete);
    }

    /// <summary>There is no descriptor for something that can be done later.</summary>
    internal void PutOff(DiskException rejected) => _home.Health.Reject(rejected);

    /// <summary>The disk failed what was done with the log.</summary>
    internal void Failed(DiskException failure) => _home.Health.Fail(failure);

    /// <summary>The time of <c>flush.ms</c> is over.</summary>
    internal void FlushIsDue() => _writer.FlushIsDue();

    private AppendResult? Unusable() =>
        IsDeleted || _home.Health.IsOffline
            ? AppendResult.Rejected(
                ErrorCode.KafkaStorageError,
                $"the log directory {_home.Path} is offline: {_home.Health.Cause?.Message ?? "the log was deleted"}"
            )
            : null;

    /// <summary>Runs a change of files; a disk that rejects takes the directory offline, and what memory says no longer matters.</summary>
    internal void Guarded(Action change)
    {
        try
        {
            change();
        }
        catch (DiskException failure)
        {
            _home.Health.Fail(failure);
        }
    }
}
