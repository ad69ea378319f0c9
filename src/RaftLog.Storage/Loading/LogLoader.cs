using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Opens a log's files. After an unclean stop every file past the recovery point is flushed, dropped from the page cache, scanned,
/// truncated at the first bytes that are not an intact batch in place, and flushed again with its directory (ARCHITECTURE D5 b): what is
/// then there is on the disk. In doubt are batches with a wrong checksum, an offset or epoch that goes back (an old tail that a lost
/// truncation left), and a leap between segments that no compaction made (the end of the one before was lost). A leap that is longer than
/// any segment was made on purpose, when all before it was durable: see <see cref="PartitionLog.AppendAsFollower"/>. Where Apache Kafka
/// wrote last, no leap is in doubt.
/// </summary>
internal sealed partial class LogLoader
{
    private readonly IDisk _disk;
    private readonly LogFolder _folder;
    private readonly string _path;
    private readonly LogSettings _settings;
    private readonly LoadHints _hints;
    private readonly long _nowMs;
    private readonly LeaderEpochs _epochs = new();
    private readonly ProducerStates _producers = new();
    private readonly List<LogSegment> _segments = [];
    private readonly List<IDiskFile> _files = [];
    private readonly List<string> _damagedFiles = [];
    private long _scannedBytes;
    private long _truncatedBytes;
    private int _droppedSegments;
    private Changes _unflushed;
    private Offset _end;
    private Offset _snapshotAt = Offset.Zero;
    private IReadOnlyList<EpochEntry>? _storedEpochs;

    /// <summary>What the file of leader epochs says; where batches are scanned it is believed as far as they confirm it.</summary>
    private ClaimedEpochs _claimedEpochs = new([]);

    /// <summary>What loading has changed on the disk.</summary>
    [Flags]
    private enum Changes
    {
        None = 0,

        /// <summary>Files were made, renamed or removed.</summary>
        Names = 1,

        /// <summary>Bytes of segments or of their indexes.</summary>
        Files = 2,
    }

    private LogLoader(IDisk disk, LogFolder folder, LogSettings settings, LoadHints hints, long nowMs)
    {
        _disk = disk;
        _folder = folder;
        _path = folder.Path;
        _settings = settings;
        _hints = hints;
        _nowMs = nowMs;
    }

    /// <summary>Opens the log of a directory, and makes its first segment where there is none.</summary>
    public static ValueTask<LoadedLog> LoadAsync(IDisk disk, LogFolder folder, LogSettings settings, LoadHints hints, long nowMs) =>
        new LogLoader(disk, folder, settings, hints, nowMs).LoadAsync();

    /// <summary>Makes the first, empty segment of a new log.</summary>
    public static LoadedLog Create(IDisk disk, LogFolder folder, Offset start, long nowMs)
    {
        LogSegment first = LogSegment.Open(disk, folder, start, nowMs);
        first.Forget();
        return new LoadedLog(
            [first],
            start,
            start,
            start,
            start,
            new LeaderEpochs(),
            new ProducerStates(),
            new LogRecovery(true, start, 0, 0, 0),
            NamesChanged: true
        );
    }

    private async ValueTask<LoadedLog> LoadAsync()
    {
        Note(Changes.Names, LeftoverFiles.Remove(_disk, _path));
        OpenSegments();
        int firstInDoubt = FirstInDoubt();
        bool isOnMedium = _hints.WasClean || _hints.IsFlushed;
        string epochs = $"{_path}/{LogFileNames.LeaderEpochs}";
        bool knowsEpochs =
            (isOnMedium && !_hints.WasClean ? AtomicFile.ReadFromMedium(_disk, epochs) : AtomicFile.Read(_disk, epochs)) is { } bytes
            && EpochCheckpoint.Parse(bytes) is { } entries
            && _epochs.TryRestore(entries);
        if (!knowsEpochs && _disk.FileExists(epochs))
        {
            _damagedFiles.Add(epochs);
        }

        _claimedEpochs = new ClaimedEpochs(_epochs.Entries);
        _storedEpochs = knowsEpochs && isOnMedium ? _epochs.Entries : null;
        firstInDoubt = TrustUpTo(firstInDoubt, knowsEpochs);
        await RecoverFromAsync(firstInDoubt);
        EnsureActive();
        return Finish();
    }

    private void OpenSegments()
    {
        foreach (string name in _disk.ListFiles(_path))
        {
            if (LogFileNames.TryParseOffset(name, LogFileNames.Log, out Offset offset))
            {
                _segments.Add(LogSegment.Open(_disk, _folder, offset, _nowMs));
            }
        }

        _segments.Sort(static (left, right) => left.BaseOffset.CompareTo(right.BaseOffset));
        _end = _segments.Count == 0 ? _hints.Start : _segments[0].BaseOffset;
    }

    /// <summary>The first segment with bytes past the recovery point; none after a clean stop.</summary>
    private int FirstInDoubt()
    {
        if (_hints.WasClean)
        {
            return _segments.Count;
        }

        int last = _segments.Count - 1;
        for (int i = 0; i < last; i++)
        {
            // A recovery point that is the next segment's beginning may be older than that segment. The end of this one was flushed then,
            // and its indexes only later, with the first group behind it. Kafka flushes both before it tells the point.
            Offset next = _segments[i + 1].BaseOffset;
            if (next > _hints.RecoveryPoint || (next == _hints.RecoveryPoint && !_hints.IsForeign))
            {
                return i;
            }
        }

        return Math.Max(last, 0);
    }

    /// <summary>
    /// False when a segment's transaction index is damaged, or held more when the directory was closed: its file is gone, or shorter.
    /// </summary>
    private bool HasTransactions(LogSegment segment)
    {
        bool has =
            segment.Transactions.Load()
            && !(_hints.TransactionIndexes?.GetValueOrDefault(segment.BaseOffset) > segment.Transactions.Entries.Length);
        NoteDamage(!has, segment, LogFileNames.TransactionIndex);
        return has;
    }

    /// <summary>
    /// True when a segment's indexes can be trusted, or could be made anew from its batches. Of the log's last segment the last batch is
    /// checked in the same pass.
    /// </summary>
    private bool IsIndexed(LogSegment segment)
    {
        Action<BatchScanner>? checkLast = segment == _segments[^1] ? RequireIntact : null;
        bool isTrusted = segment.Trust(checkLast);

        // A segment that is too small for an entry has no files of indexes.
        bool hasIndexes = HasBytes(segment, LogFileNames.OffsetIndex) || HasBytes(segment, LogFileNames.TimeIndex);
        NoteDamage(!isTrusted && hasIndexes, segment, LogFileNames.OffsetIndex);
        return isTrusted || RebuildIndexes(segment, checkLast);
    }

    private bool HasBytes(LogSegment segment, string suffix)
    {
        using IDiskFile? file = _disk.OpenExisting($"{_path}/{LogFileNames.OfOffset(segment.BaseOffset, suffix)}");
        return file?.Length > 0;
    }

    private void NoteDamage(bool isDamaged, LogSegment segment, string suffix)
    {
        if (isDamaged && _hints.WasClean)
        {
            _damagedFiles.Add($"{_path}/{LogFileNames.OfOffset(segment.BaseOffset, suffix)}");
        }
    }

    /// <summary>
    /// Takes segments as they are, with rebuilt indexes where those are damaged. The result is the first segment that must be scanned.
    /// </summary>
    private int TrustUpTo(int firstInDoubt, bool knowsEpochs)
    {
        for (int i = 0; i < firstInDoubt; i++)
        {
            LogSegment segment = _segments[i];
            if (!HasTransactions(segment) || !IsIndexed(segment))
            {
                firstInDoubt = i;
                break;
            }

            if (i < _segments.Count - 1)
            {
                RepeatTruncation(segment, _segments[i + 1].BaseOffset, isNextInDoubt: i == firstInDoubt - 1);
            }

            // A truncation may be on the disk for the batches and not for the index, whose entries later batches would come to mean.
            segment.Transactions.TruncateTo(segment.NextOffset);
            if (!knowsEpochs)
            {
                ReadEpochs(segment);
            }

            _end = segment.NextOffset;
            if (i < _segments.Count - 1)
            {
                segment.Seal();
            }
        }

        Offset trusted = firstInDoubt < _segments.Count ? _segments[firstInDoubt].BaseOffset : _end;
        _epochs.TruncateFromEnd(trusted);

        // A snapshot does not know transactions that ended above the high watermark and still hold back the last stable offset. The
        // checkpoint of the high watermark may be older than the files: what retention has taken was committed, and of its producers
        // nothing else is left.
        Offset committed = _segments.Count > 0 ? Offset.Max(_hints.HighWatermark, _segments[0].BaseOffset) : _hints.HighWatermark;
        Offset decided = Offset.Min(trusted, committed);
        Offset from = _snapshotAt = ProducerSnapshots.RestoreNewest(_disk, _path, decided, _producers) ?? Offset.Zero;
        if (_hints.WasClean)
        {
            _damagedFiles.AddRange(ProducerSnapshots.Between(_disk, _path, from, decided));
        }

        for (int i = 0; i < firstInDoubt; i++)
        {
            if (_segments[i].NextOffset > from)
            {
                ProducerReplay.Replay(_segments[i], from, _producers);
            }
        }

        return firstInDoubt;
    }

    /// <summary>
    /// Truncates a trusted segment where the next one begins, once more. A log that is truncated goes on in a new file, and a truncation
    /// below the recovery point lowers that first: so whatever stands there beyond the next file was truncated before that file was made.
    /// The file may only look truncated: the page cache shows it so, and a flush that failed has lost it for the medium, which the next
    /// flush would not tell.
    /// </summary>
    private static void RepeatTruncation(LogSegment segment, Offset next, bool isNextInDoubt)
    {
        if (segment.NextOffset > next && segment.TruncationPoint(next) == next)
        {
            segment.TruncateTo(next);
        }
        else if (isNextInDoubt)
        {
            segment.ShrinkFileToSize();
        }
    }

    /// <summary>
    /// Rebuilds a trusted segment's indexes from its batches; false when its file does not end with a batch, so that it must be recovered.
    /// </summary>
    private bool RebuildIndexes(LogSegment segment, Action<BatchScanner>? checkLast)
    {
        segment.Forget();
        using var scan = new BatchScanner(segment.Log, 0, segment.Log.Length);
        while (scan.MoveNext())
        {
            segment.Publish(scan.Header, _settings.IndexIntervalBytes);
        }

        _scannedBytes += scan.Next;
        if (scan.ReachedEnd && segment.Size > 0)
        {
            checkLast?.Invoke(scan);
        }

        return scan.ReachedEnd;
    }

    private void ReadEpochs(LogSegment segment)
    {
        using var scan = new BatchScanner(segment.Log, 0, segment.Size);
        while (scan.MoveNext())
        {
            _epochs.Assign(scan.Header.Epoch, scan.Header.BaseOffset);
        }
    }

    private async ValueTask RecoverFromAsync(int firstInDoubt)
    {
        // Also where there is no segment yet: a process that was killed while it made the log has flushed nothing of it.
        if (!_hints.WasClean && !_hints.IsFlushed)
        {
            using IDiskFile? metadata = _disk.OpenExisting($"{_path}/{LogFileNames.PartitionMetadata}");

            // The segment before may end at the recovery point because it was truncated there, and that may only be in the page cache: on
            // the disk its old tail would overlap what follows, and a later power cut would bring it back.
            await FlushAsync(Math.Max(0, firstInDoubt - 1), metadata);
        }

        if (firstInDoubt >= _segments.Count)
        {
            RequireNoWholeBatchIsMissing();
            return;
        }

        for (int i = firstInDoubt; i < _segments.Count; i++)
        {
            _segments[i].Log.DropCache();
        }

        for (int i = firstInDoubt; i < _segments.Count; i++)
        {
            LogSegment segment = _segments[i];
            bool leaps =
                segment.BaseOffset > _end
                && segment.BaseOffset > _hints.CleanedTo
                && i > 0
                && segment.BaseOffset > _hints.RecoveryPoint
                && segment.BaseOffset - _segments[i - 1].BaseOffset <= 1L + int.MaxValue;
            if (leaps && _hints.IsForeign)
            {
                CloseGap(ref i);
                segment = _segments[i];
                leaps = false;
            }

            if (segment.BaseOffset < _end || leaps)
            {
                RequireWhatWasFlushed(segment.Log.Path);
                Drop(i);
                break;
            }

            if (!Recover(segment))
            {
                Drop(i + 1);
                break;
            }
        }

        RequireNoWholeBatchIsMissing();
        Note(Changes.Names, ProducerSnapshots.DeleteAbove(_disk, _path, _end));
        for (int i = firstInDoubt; i < _segments.Count - 1; i++)
        {
            _segments[i].Seal();
            Note(Changes.Files);
        }

        // Where recovery has only read, what was flushed before it is all there is.
        if (!_hints.IsFlushed || _unflushed != Changes.None)
        {
            await FlushAsync(firstInDoubt, null);
            await _disk.FlushDirectoryAsync(_path);
            _unflushed = Changes.None;
        }
    }

    /// <summary>
    /// Names a segment that Kafka has made by the end of the log before it, as RaftLog names its own. Compaction on the leader has left the
    /// gap: the first batch stays where it is, and no later recovery asks what the gap means. Where the segment would become too long to
    /// be indexed it keeps its name.
    /// </summary>
    private void CloseGap(ref int i)
    {
        LogSegment segment = _segments[i];
        using (var scan = new BatchScanner(segment.Log, 0, segment.Log.Length))
        {
            while (scan.MoveNext())
            {
                if (scan.Header.LastOffset - _end > int.MaxValue)
                {
                    return;
                }
            }
        }

        LogSegment before = _segments[i - 1];
        if (before.BaseOffset == _end)
        {
            // It is empty, and its name is wanted.
            before.Delete();
            _segments.RemoveAt(--i);
        }

        segment.Release();
        foreach (string suffix in LogFileNames.OfSegment.Where(static each => each != LogFileNames.Log))
        {
            _disk.DeleteFile($"{_path}/{LogFileNames.OfOffset(segment.BaseOffset, suffix)}");
        }

        _disk.Rename(segment.Log.Path, $"{_path}/{LogFileNames.OfOffset(_end, LogFileNames.Log)}");
        _segments[i] = LogSegment.Open(_disk, _folder, _end, _nowMs);
        Note(Changes.Names);
    }

    /// <summary>Scans one segment and truncates it where it is no longer intact; false when bytes had to go.</summary>
    private bool Recover(LogSegment segment)
    {
        segment.Forget();
        segment.Transactions.TruncateTo(segment.BaseOffset);
        _end = segment.BaseOffset;
        using var scan = new BatchScanner(segment.Log, 0, segment.Log.Length);
        while (scan.MoveNext())
        {
            if (!TryTake(segment, scan))
            {
                scan.Reject();
                break;
            }
        }

        _scannedBytes += scan.Next;
        Note(Changes.Files, segment.Transactions.File is not null);
        if (scan.ReachedEnd)
        {
            return true;
        }

        RequireWhatWasFlushed(segment.Log.Path);
        _truncatedBytes += segment.Log.Length - segment.Size;
        segment.ShrinkFileToSize();
        Note(Changes.Files);
        return false;
    }

    /// <summary>
    /// A power cut takes nothing that was flushed. Where that is gone the medium has failed, and truncating there would make a replica that
    /// lacks committed records look like one that has them.
    /// </summary>
    private void RequireWhatWasFlushed(string path)
    {
        if (_end < _hints.RecoveryPoint)
        {
            throw new DiskException(
                path,
                DiskErrorKind.Io,
                "recover",
                $"everything below offset {_hints.RecoveryPoint} was flushed, and the file is intact up to offset {_end} only, so the "
                    + $"disk has corrupt it; "
                    + "where the partition has other replicas, it can be copied from them: \"A corrupt log\" in docs/operations.md"
            );
        }
    }

    /// <summary>
    /// The log goes on behind its last batch, at the offset that this batch tells. A disk that has changed that would make a replica claim
    /// records that it has never had. Nothing before is looked at: who reads it finds out.
    /// </summary>
    /// <param name="last">A scan at the last batch.</param>
    private void RequireIntact(BatchScanner last)
    {
        if (!IsIntact(last))
        {
            throw new DiskException(
                _segments[^1].Log.Path,
                DiskErrorKind.Io,
                "open",
                $"the last batch, at offset {last.Header.BaseOffset}, is not what was written, so the disk has corrupt it; "
                    + "where the partition has other replicas, it can be copied from them: \"A corrupt log\" in docs/operations.md"
            );
        }
    }

    /// <summary>
    /// A file that ends with a batch may still lack the ones after it. After a crash a log without any batch is new, or the files of all
    /// segments were just replaced by one: then the recovery point may be that of what was there before.
    /// </summary>
    private void RequireNoWholeBatchIsMissing()
    {
        if (_hints.WasClean || _segments.Exists(static each => each.Size > 0))
        {
            RequireWhatWasFlushed(_segments.Count > 0 ? _segments[^1].Log.Path : _path);
        }
    }

    private bool TryTake(LogSegment segment, BatchScanner scan)
    {
        BatchHeader header = scan.Header;
        bool isOlder = header.Epoch != LeaderEpoch.None && header.Epoch < _epochs.Latest;
        if (header.BaseOffset < _end || isOlder || !IsIntact(scan))
        {
            return false;
        }

        segment.Publish(header, _settings.IndexIntervalBytes);
        LeaderEpoch epoch = header.Epoch;
        SeededBugForgetsEpoch(ref epoch);
        _claimedEpochs.AssignBefore(_epochs, epoch, header.BaseOffset, _end);
        _epochs.Assign(epoch, header.BaseOffset);
        if (RecordBatch.Read(scan.Bytes(), out RecordBatch batch) == BatchStatus.Complete)
        {
            BatchEffects.Apply(batch, _producers, segment.Transactions);
        }

        _end = header.NextOffset;
        return true;
    }

    static partial void SeededBugForgetsEpoch(ref LeaderEpoch epoch);

    private static bool IsIntact(BatchScanner scan)
    {
        bool isIntact = BatchHeader.IsIntact(scan.Bytes());
        SeededBugBelievesChecksum(ref isIntact);
        return isIntact;
    }

    static partial void SeededBugBelievesChecksum(ref bool isIntact);

    private void Drop(int from)
    {
        for (int i = _segments.Count - 1; i >= from; i--)
        {
            _truncatedBytes += _segments[i].Log.Length;
            _droppedSegments++;
            Note(Changes.Names);
            _segments[i].Delete();
            _segments.RemoveAt(i);
        }
    }

    private void Note(Changes changes, bool areMade = true) => _unflushed |= areMade ? changes : Changes.None;

    private async ValueTask FlushAsync(int from, IDiskFile? other)
    {
        _files.Clear();
        if (other is not null)
        {
            _files.Add(other);
        }

        for (int i = from; i < _segments.Count; i++)
        {
            _files.Add(_segments[i].Log);
            _segments[i].AddIndexes(_files);
        }

        if (_files.Count > 0)
        {
            await _disk.FlushAsync(_files);
        }
    }

    /// <summary>There is always a segment to append to, and no end below the start.</summary>
    private void EnsureActive()
    {
        if (_segments.Count > 0 && _end < _hints.Start)
        {
            Drop(0);
            _epochs.Clear();
            _producers.Clear();
        }

        if (_segments.Count == 0)
        {
            _end = Offset.Max(_end, _hints.Start);
            LogSegment first = LogSegment.Open(_disk, _folder, _end, _nowMs);
            first.Forget();
            first.ShrinkFileToSize();
            _segments.Add(first);
            Note(Changes.Names);
        }

        _segments[^1].Unseal();
    }

    private LoadedLog Finish()
    {
        Offset start = Offset.Max(_hints.Start, _segments[0].BaseOffset);
        _epochs.TruncateFromStart(start);
        Offset highWatermark = Offset.Min(Offset.Max(_hints.HighWatermark, start), _end);
        _producers.Committed(highWatermark);
        return new LoadedLog(
            [.. _segments],
            start,
            _end,
            highWatermark,
            _hints.RecoveryPoint,
            _epochs,
            _producers,
            new LogRecovery(_hints.WasClean, _hints.RecoveryPoint, _scannedBytes, _truncatedBytes, _droppedSegments)
            {
                DamagedFiles = _damagedFiles,
            },
            NamesChanged: _unflushed.HasFlag(Changes.Names)
        )
        {
            CleanedTo = Offset.Min(_hints.CleanedTo, _end),
            SnapshotAt = _snapshotAt,
            StoredEpochs = _storedEpochs,
        };
    }
}
