using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Storage;

/// <summary>
/// A piece of a log: one file of batches and the indexes over it. One writer, the log's; readers take no lock. The files stay open while
/// anyone holds a reference, so a reader never meets a closed file, even if the segment is deleted meanwhile.
/// </summary>
internal sealed partial class LogSegment : IFileRangeGuard
{
    private readonly IDisk _disk;
    private readonly LogFolder _folder;
    private readonly uint _chance;

    /// <summary>
    /// Bytes below it belong to whole batches. Written after <see cref="_next"/>: who sees the size sees offsets at least as high.
    /// </summary>
    private long _size;
    private long _next;
    private int _references = 1;

    /// <summary>Bytes from here on may have changed: the lowest position that the file was truncated to.</summary>
    private long _lowestTruncation = long.MaxValue;
    private long _bytesSinceIndexEntry;
    private volatile bool _isSuspect;

    private string _logSuffix;
    private string _indexSuffix;

    private LogSegment(IDisk disk, LogFolder folder, Offset baseOffset, long createdMs, string suffix)
    {
        _disk = disk;
        _folder = folder;
        _logSuffix = suffix;
        _indexSuffix = suffix;
        _chance = Crc32C.Compute(Encoding.UTF8.GetBytes($"{folder.Path}/{baseOffset}"));
        BaseOffset = baseOffset;
        CreatedMs = createdMs;
        _next = baseOffset.Value;
        List<IDisposable> opened = [];
        try
        {
            Log = Opened(disk.OpenOrCreate(PathOf(LogFileNames.Log)));
            _size = Log.Length;
            Offsets = Opened(new OffsetIndex(disk, () => PathOf(LogFileNames.OffsetIndex), baseOffset));
            Times = Opened(new TimeIndex(disk, () => PathOf(LogFileNames.TimeIndex), baseOffset));
            Transactions = Opened(new TransactionIndex(disk, () => PathOf(LogFileNames.TransactionIndex)));
        }
        catch (DiskException)
        {
            opened.ForEach(static each => each.Dispose());
            throw;
        }

        T Opened<T>(T file)
            where T : IDisposable
        {
            opened.Add(file);
            return file;
        }

        MaxTimestampOffset = baseOffset;
    }

    public Offset BaseOffset { get; }

    public IDiskFile Log { get; }

    public OffsetIndex Offsets { get; }

    public TimeIndex Times { get; }

    public TransactionIndex Transactions { get; }

    /// <summary>When this process opened or created it, in wall-clock milliseconds: the age of a segment without timestamps.</summary>
    public long CreatedMs { get; }

    /// <summary>The bytes of whole batches.</summary>
    public long Size => Volatile.Read(ref _size);

    /// <summary>The offset after the last record; the base offset while empty.</summary>
    public Offset NextOffset => new(Volatile.Read(ref _next));

    /// <summary>The largest timestamp of all batches; -1 while there is none.</summary>
    public long MaxTimestamp { get; private set; } = -1;

    /// <summary>The last offset of the first batch that has <see cref="MaxTimestamp"/>.</summary>
    public Offset MaxTimestampOffset { get; private set; }

    /// <summary>The first batch's largest timestamp, from which <c>segment.ms</c> counts; null while there is none.</summary>
    public long? FirstTimestamp { get; private set; }

    /// <summary>Guarded by the log's <see cref="FlushProgress"/>: bytes of <see cref="Log"/> wait to be flushed.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Guarded by the log's <see cref="FlushProgress"/>: the indexes were written out for good and wait to be flushed.</summary>
    public bool IsIndexDirty { get; set; }

    /// <summary>True once the disk has declined to read some of its batches.</summary>
    public bool IsSuspect => _isSuspect;

    /// <inheritdoc />
    public void ReadFailed() => _isSuspect = true;

    /// <inheritdoc />
    public bool IsIntact(long end) => Volatile.Read(ref _lowestTruncation) >= end;

    /// <summary>Opens or creates the files. Nothing is known of what they hold until one of the loading methods ran.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="folder">The log's directory.</param>
    /// <param name="baseOffset">Where it begins.</param>
    /// <param name="createdMs">When, in milliseconds since 1970.</param>
    /// <param name="suffix">What the names of its files have behind their own suffix while it is not part of the log yet.</param>
    public static LogSegment Open(IDisk disk, LogFolder folder, Offset baseOffset, long createdMs, string suffix = "") =>
        new(disk, folder, baseOffset, createdMs, suffix);

    /// <summary>Keeps the files open until <see cref="Release"/>; false when the segment is gone already.</summary>
    public bool TryAcquire()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>Gives back a reference; the last one closes the files.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0, "S-01", $"the files of {Log.Path} were given back more often than taken");
        if (left == 0)
        {
            Log.Dispose();
            Offsets.Dispose();
            Times.Dispose();
            Transactions.Dispose();
        }
    }

    /// <summary>Removes the files' names and this log's reference. The bytes live on until the last reader is done.</summary>
    public void Delete()
    {
        // First, so that files which nobody reads need not be kept open while their names go.
        Release();
        foreach (string suffix in LogFileNames.OfSegment)
        {
            _disk.DeleteFile(PathOf(suffix));
        }
    }

    /// <summary>
    /// Gives the files names that no start takes for a segment's, gives up this log's reference, and leaves the files to be deleted later.
    /// </summary>
    public void SetAside(DelayedDeletions deletions, long dueMs)
    {
        Release();
        foreach (string suffix in LogFileNames.OfSegment)
        {
            string path = PathOf(suffix);
            if (_disk.FileExists(path))
            {
                string aside = NameOf(suffix) + LogFileNames.DeletedSuffix;
                _disk.Rename(path, aside);
                deletions.Add(aside, dueMs);
            }
        }
    }

    /// <summary>Gives the indexes another suffix behind their own.</summary>
    public void MoveIndexes(string suffix)
    {
        foreach (string own in LogFileNames.OfSegment)
        {
            string path = PathOf(own);
            if (own != LogFileNames.Log && _disk.FileExists(path))
            {
                _disk.Rename(path, NameOf(own) + suffix);
            }
        }

        _indexSuffix = suffix;
    }

    /// <summary>
    /// Gives the file of batches another suffix behind its own. What it says decides which indexes are its own, so they go first.
    /// </summary>
    public void MoveLog(string suffix)
    {
        _disk.Rename(PathOf(LogFileNames.Log), NameOf(LogFileNames.Log) + suffix);
        _logSuffix = suffix;
    }

    /// <summary>
    /// True when a batch of these bytes, that ends at this offset, must go to a new segment: this one is full, as old as it may get, its
    /// index is full, or the offset is too far from the base for 31 bits.
    /// </summary>
    public bool MustRoll(in BatchHeader batch, LogSettings settings, long nowMs)
    {
        if (Size == 0)
        {
            return batch.LastOffset - BaseOffset > int.MaxValue;
        }

        long age = FirstTimestamp is { } first && first >= 0 && batch.MaxTimestamp >= 0 ? batch.MaxTimestamp - first : nowMs - CreatedMs;
        return !HasRoomFor(batch, 0, settings)
            || age > settings.SegmentMs - JitterMs(settings)
            || Offsets.Entries.Count >= settings.SegmentIndexBytes / OffsetIndex.EntrySize
            || Times.Entries.Count >= (settings.SegmentIndexBytes / TimeIndex.EntrySize) - 1;
    }

    /// <summary>
    /// True when the indexes can tell where a batch at the end would lie: its position and its distance from the base fit into 31 bits.
    /// </summary>
    public bool CanIndex(in BatchHeader batch) => Size + batch.TotalBytes <= int.MaxValue && batch.LastOffset - BaseOffset <= int.MaxValue;

    /// <summary>True when a batch still fits after bytes that are about to be appended.</summary>
    public bool HasRoomFor(in BatchHeader batch, long pendingBytes, LogSettings settings) =>
        Size + pendingBytes + batch.TotalBytes <= settings.SegmentBytes && batch.LastOffset - BaseOffset <= int.MaxValue;

    /// <summary>The bytes of as many batches as fit in here, at least one.</summary>
    public int RunLength(ReadOnlySpan<byte> batches, in BatchHeader first, LogSettings settings)
    {
        int run = first.TotalBytes;
        while (run < batches.Length && BatchHeader.TryRead(batches[run..], out BatchHeader next) && HasRoomFor(next, run, settings))
        {
            run += next.TotalBytes;
        }

        return run;
    }

    /// <summary>
    /// Writes the bytes of whole batches at the end, in one write. They are not part of the log before <see cref="Publish"/>.
    /// </summary>
    public void Write(ReadOnlySpan<byte> batches) => Log.Write(_size, batches);

    /// <summary>Makes one written batch part of the log: indexes it, and moves the end that readers see.</summary>
    public void Publish(in BatchHeader batch, int indexIntervalBytes)
    {
        Index(batch, _size, indexIntervalBytes);
        Volatile.Write(ref _next, batch.NextOffset.Value);
        Volatile.Write(ref _size, _size + batch.TotalBytes);
    }

    /// <summary>Starts over: the segment holds nothing until its batches are published again.</summary>
    public void Forget()
    {
        Offsets.Entries.Unseal();
        Times.Entries.Unseal();
        Offsets.Entries.Truncate(0);
        Times.Entries.Truncate(0);
        MaxTimestamp = -1;
        MaxTimestampOffset = BaseOffset;
        FirstTimestamp = null;
        _bytesSinceIndexEntry = 0;
        Volatile.Write(ref _size, 0);
        Volatile.Write(ref _next, BaseOffset.Value);
    }

    /// <summary>
    /// Trusts indexes and file of a segment that was closed in order, or is wholly flushed; false when they contradict each other.
    /// </summary>
    /// <param name="checkLast">Given the scan of the file's end at the last batch, where there is one and nothing follows it.</param>
    public bool Trust(Action<BatchScanner>? checkLast)
    {
        long length = Log.Length;
        bool isIndexed = length == 0 || (Offsets.Entries.Count > 0 && Times.Entries.Count > 0);
        if (!isIndexed || !Offsets.EndsSanely(length) || !Times.EndsSanely())
        {
            return false;
        }

        (long Timestamp, Offset Offset) latest = Times.Last;
        bool isConfirmed = Times.Entries.Count == 0;
        MaxTimestamp = latest.Timestamp;
        MaxTimestampOffset = latest.Offset;
        using var scan = new BatchScanner(Log, Offsets.Last.Position, length);
        long next = BaseOffset.Value;
        while (scan.MoveNext())
        {
            isConfirmed |= Confirms(scan.Header, latest);
            _bytesSinceIndexEntry += scan.Header.TotalBytes;
            next = scan.Header.NextOffset.Value;
            NoteTimestamp(scan.Header);
        }

        // A truncation may have reached the batches on the disk and not the index.
        if (!scan.ReachedEnd || (Times.Entries.Count > 0 && latest.Offset.Value >= next))
        {
            return false;
        }

        if (next > BaseOffset.Value)
        {
            checkLast?.Invoke(scan);
        }

        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        FirstTimestamp = BatchHeader.TryRead(head[..Log.Read(0, head)], out BatchHeader first) ? first.MaxTimestamp : null;
        Volatile.Write(ref _next, next);
        Volatile.Write(ref _size, length);
        return isConfirmed || IsConfirmed(latest);
    }

    /// <summary>Makes a segment ready to be appended to.</summary>
    public void Unseal()
    {
        Offsets.Entries.Unseal();
        Times.Entries.Unseal();
    }

    /// <summary>Ends appending: the last time entry is forced, as Kafka does at a roll, and the indexes are written out.</summary>
    public void Seal()
    {
        WriteIndexes();
        Offsets.Entries.Seal();
        Times.Entries.Seal();
    }

    /// <summary>
    /// Writes out the indexes and keeps the segment open for appends. A segment too small for an entry needs no files: it is walked
    /// instead. One with a transaction index has the file of an offset index all the same: where that is missing Kafka makes all indexes of
    /// the segment anew, and batches that were cleaned do not tell any more where an aborted transaction began.
    /// </summary>
    public void WriteIndexes()
    {
        bool isIndexed = Offsets.Entries.Count > 0 || Times.Entries.File is not null;
        if (MaxTimestamp >= 0 && Size > 0 && isIndexed)
        {
            // A segment that was loaded closed can lack its last entry: the power went before the index was written.
            if (MaxTimestamp > Times.Last.Timestamp)
            {
                Unseal();
            }

            Times.Append(MaxTimestamp, MaxTimestampOffset);
        }

        if (Transactions.File is not null)
        {
            Offsets.Entries.MakeFile();
        }

        Offsets.Entries.Write();
        Times.Entries.Write();
    }

    /// <summary>Names the files of the indexes that are there, to be flushed.</summary>
    public void AddIndexes(List<IDiskFile> files)
    {
        foreach (IDiskFile? file in (ReadOnlySpan<IDiskFile?>)[Offsets.Entries.File, Times.Entries.File, Transactions.File])
        {
            if (file is not null)
            {
                files.Add(file);
            }
        }
    }

    /// <summary>Where a truncation at an offset really ends: at the batch's base when the offset lies inside a batch.</summary>
    public Offset TruncationPoint(Offset offset) => Find(offset, Size) is { } place ? Offset.Min(offset, FirstOffset(place)) : offset;

    /// <summary>Drops all batches from a <see cref="TruncationPoint"/> on, and leaves the segment open for appends.</summary>
    /// <exception cref="DiskException">The batches before the offset cannot be walked: the disk has corrupt one, and what is to go would
    /// stay.</exception>
    public void TruncateTo(Offset end)
    {
        long position =
            end >= NextOffset
                ? Size
                : Find(end, Size)?.Position
                    ?? throw new DiskException(
                        Log.Path,
                        DiskErrorKind.Io,
                        "truncate",
                        $"the place of offset {end} is not found, so the disk has corrupt a batch before it; \"A corrupt log\" in "
                            + $"docs/operations.md says what to do"
                    );

        // Before the file changes: who reads the old bytes looks here afterwards.
        Volatile.Write(ref _lowestTruncation, Math.Min(_lowestTruncation, position));
        Unseal();
        Offset timesEnd = end;
        Offset transactionsEnd = end;
        SeededBugKeepsIndexes(ref timesEnd, ref transactionsEnd);
        Offsets.TruncateTo(end);
        bool isTimeLost = TruncateTimesTo(timesEnd);
        Transactions.TruncateTo(transactionsEnd);
        long walkStart = WalkStart(isTimeLost ? Times.Last.Offset : end);
        Log.SetLength(position);
        MaxTimestamp = Times.Last.Timestamp;
        MaxTimestampOffset = Times.Last.Offset;
        _bytesSinceIndexEntry = 0;
        using var scan = new BatchScanner(Log, walkStart, position);
        while (scan.MoveNext())
        {
            _bytesSinceIndexEntry += scan.Header.TotalBytes;
            NoteTimestamp(scan.Header);
        }

        FirstTimestamp = position == 0 ? null : FirstTimestamp;
        Volatile.Write(ref _size, position);
        Volatile.Write(ref _next, end.Value);
    }

    static partial void SeededBugKeepsIndexes(ref Offset timesEnd, ref Offset transactionsEnd);

    /// <summary>Truncates the file itself to what is part of the log, as after a scan that stopped early.</summary>
    public void ShrinkFileToSize() => Log.SetLength(Size);

    /// <summary>
    /// The place of the first batch, below a position, that holds this offset or a later one; null where there is none.
    /// </summary>
    public BatchPlace? Find(Offset offset, long limit)
    {
        (Offset Offset, int Position) entry = Offsets.Floor(offset);
        if (entry.Position > 0 && entry.Position < limit)
        {
            BatchPlace? found = Walk(entry, offset, limit, out bool isBroken);
            if (!isBroken)
            {
                return found;
            }
        }

        return Walk((BaseOffset, 0), offset, limit, out _);
    }

    /// <summary>
    /// The offset after a batch below a position: by its own word, or where what follows it begins, if that is less. The disk may have
    /// changed how many offsets the batch says that it has, and what is cut or read by that word would take sound batches along.
    /// </summary>
    public Offset EndOf(in BatchPlace place, long limit)
    {
        long next = place.Position + place.TotalBytes;
        if (next >= limit)
        {
            return limit == Size ? Offset.Min(place.NextOffset, NextOffset) : place.NextOffset;
        }

        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        return BatchHeader.TryRead(head[..Log.Read(next, head)], out BatchHeader following)
            ? Offset.Min(place.NextOffset, following.BaseOffset)
            : place.NextOffset;
    }

    /// <summary>
    /// Where a walk to an offset begins: no batch that holds it, or a later offset, starts before. That is the batch which the index names,
    /// or the segment's beginning where it names none, or something else stands there.
    /// </summary>
    public long WalkStart(Offset offset) => StartOf(Offsets.Floor(offset), Size);

    /// <summary>
    /// The offset from which to look for the first record at or after a time: no record before it is as late. The segment's beginning where
    /// the index names none, or the batches say something else.
    /// </summary>
    public Offset TimeFloor(long timestamp)
    {
        (long Timestamp, Offset Offset) entry = Times.Floor(timestamp);
        return entry.Timestamp < timestamp && IsConfirmed(entry) ? entry.Offset : BaseOffset;
    }

    /// <summary>
    /// The last batch from a position on that ends at or before another position; null where none does. Both positions lie within
    /// <see cref="Size"/>, and the first is the start of a batch.
    /// </summary>
    public BatchPlace? LastWithin(long from, long end)
    {
        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        long position = Math.Max(from, StartOf(Offsets.FloorOfPosition(end - 1), end));
        BatchPlace? last = null;
        while (true)
        {
            if (
                position < end
                && BatchHeader.TryRead(head[..Log.Read(position, head)], out BatchHeader header)
                && position + header.TotalBytes <= end
            )
            {
                last = new BatchPlace(position, header.BaseOffset, header.NextOffset, header.TotalBytes);
                position += header.TotalBytes;
            }
            else if (last is null && position > from)
            {
                // The batch at the index entry is the one that reaches beyond the end: the one before it is looked for.
                end = position;
                position = Math.Max(from, StartOf(Offsets.FloorOfPosition(end - 1), end));
            }
            else
            {
                return last;
            }
        }
    }

    /// <summary>
    /// An index is trusted after a clean stop, and a disk may have changed an entry since: one that leads too far would make a reader pass
    /// over records. A walk that begins too early only takes longer.
    /// </summary>
    private bool IsNamedBy((Offset Offset, int Position) entry, in BatchHeader header) =>
        header.LastOffset <= entry.Offset && header.BaseOffset >= BaseOffset && entry.Position + (long)header.TotalBytes <= Size;

    /// <summary>The same of the index of times: each entry is what the batch says that its offset lies in.</summary>
    private static bool Confirms(in BatchHeader header, (long Timestamp, Offset Offset) entry) =>
        header.BaseOffset <= entry.Offset && header.LastOffset >= entry.Offset && header.MaxTimestamp == entry.Timestamp;

    private bool IsConfirmed((long Timestamp, Offset Offset) entry)
    {
        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        return Find(entry.Offset, Size) is { } place
            && BatchHeader.TryRead(head[..Log.Read(place.Position, head)], out BatchHeader header)
            && Confirms(header, entry);
    }

    /// <summary>
    /// Truncates the index of times so that its last entry is one that the batches confirm. True when others had to go for that, so that
    /// what lies behind the last one is not known.
    /// </summary>
    private bool TruncateTimesTo(Offset end)
    {
        bool isTimeLost = false;
        Times.TruncateTo(end);
        while (Times.Entries.Count > 0 && !IsConfirmed(Times.Last))
        {
            isTimeLost = true;
            Times.Entries.Truncate(Times.Entries.Count - 1);
            Times.TruncateTo(end);
        }

        return isTimeLost;
    }

    private long StartOf((Offset Offset, int Position) entry, long limit)
    {
        if (entry.Position <= 0 || entry.Position >= limit)
        {
            return 0;
        }

        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        return BatchHeader.TryRead(head[..Log.Read(entry.Position, head)], out BatchHeader header) && IsNamedBy(entry, header)
            ? entry.Position
            : 0;
    }

    /// <summary>
    /// Looks for the first batch that holds an offset or a later one, from the batch that an entry of the index names, or from the
    /// segment's beginning.
    /// </summary>
    private BatchPlace? Walk((Offset Offset, int Position) entry, Offset offset, long limit, out bool isBroken)
    {
        Span<byte> head = stackalloc byte[RecordBatch.HeaderSize];
        isBroken = false;
        for (long position = entry.Position; position < limit; )
        {
            isBroken =
                !BatchHeader.TryRead(head[..Log.Read(position, head)], out BatchHeader header)
                || (position > 0 && position == entry.Position && !IsNamedBy(entry, header));
            if (isBroken)
            {
                return null;
            }

            var place = new BatchPlace(position, header.BaseOffset, header.NextOffset, header.TotalBytes);
            if (header.BaseOffset >= offset || (header.LastOffset >= offset && EndOf(place, limit) > offset))
            {
                return place;
            }

            // The format's own byte may be corrupt, and the batch hold the offset after all.
            isBroken = header.IsLegacy && !IsIntact(position, header.TotalBytes);
            if (isBroken)
            {
                return null;
            }

            position += header.TotalBytes;
        }

        return null;
    }

    private bool IsIntact(long position, int size)
    {
        using var scan = new BatchScanner(Log, position, position + size);
        return scan.MoveNext() && BatchHeader.IsIntact(scan.Bytes());
    }

    /// <summary>The first offset of a batch, also of a compressed one of formats 0 and 1, where it stands inside.</summary>
    private Offset FirstOffset(in BatchPlace place)
    {
        if (place.BaseOffset + 1 < place.NextOffset)
        {
            return place.BaseOffset;
        }

        using var scan = new BatchScanner(Log, place.Position, place.Position + place.TotalBytes);
        if (!scan.MoveNext() || LegacyMessage.Read(scan.Bytes(), out LegacyMessage message) != BatchStatus.Complete)
        {
            return place.BaseOffset;
        }

        try
        {
            return LegacyConversion.FirstOffset(message, BatchFilter.MostPlainBytes);
        }
        catch (ProtocolException damaged)
        {
            throw new DiskException(
                Log.Path,
                DiskErrorKind.Io,
                "read",
                $"{damaged.Message}; \"A corrupt log\" in docs/operations.md says what to do"
            );
        }
    }

    /// <summary>
    /// By how much this segment ends before its time: the same at every look, and another for other partitions and segments.
    /// </summary>
    private long JitterMs(LogSettings settings)
    {
        long most = Math.Min(settings.SegmentJitterMs, settings.SegmentMs);
        return most == 0 ? 0 : _chance % most;
    }

    private string NameOf(string suffix) => $"{_folder.Path}/{LogFileNames.OfOffset(BaseOffset, suffix)}";

    private string PathOf(string suffix) => NameOf(suffix) + (suffix == LogFileNames.Log ? _logSuffix : _indexSuffix);

    private void Index(in BatchHeader batch, long position, int indexIntervalBytes)
    {
        NoteTimestamp(batch);
        if (_bytesSinceIndexEntry > indexIntervalBytes)
        {
            Offsets.Append(batch.LastOffset, position);
            Times.Append(MaxTimestamp, MaxTimestampOffset);
            _bytesSinceIndexEntry = 0;
        }

        _bytesSinceIndexEntry += batch.TotalBytes;
    }

    private void NoteTimestamp(in BatchHeader batch)
    {
        FirstTimestamp ??= batch.MaxTimestamp;
        if (batch.MaxTimestamp > MaxTimestamp)
        {
            MaxTimestamp = batch.MaxTimestamp;
            MaxTimestampOffset = batch.LastOffset;
        }
    }
}

/// <summary>Where a batch lies in a segment's file.</summary>
/// <param name="Position">Its first byte.</param>
/// <param name="BaseOffset">Its first offset.</param>
/// <param name="NextOffset">The offset after its last.</param>
/// <param name="TotalBytes">All its bytes.</param>
internal readonly record struct BatchPlace(long Position, Offset BaseOffset, Offset NextOffset, int TotalBytes);
