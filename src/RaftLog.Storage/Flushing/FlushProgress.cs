using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Which bytes of one log are written, and which are flushed (ARCHITECTURE D5 c). The log's writer and its directory's flusher meet here;
/// no call waits for the disk. A flush counts only for the generation that it began in, and only up to the end that was written before it
/// began.
/// </summary>
internal sealed partial class FlushProgress(Offset flushedTo, Offset recoveryPoint)
{
    private readonly Lock _lock = new();
    private readonly List<LogSegment> _dirty = [];
    private readonly List<LogSegment> _inFlight = [];
    private readonly List<IDiskFile> _once = [];
    private readonly List<IDiskFile> _inFlightOnce = [];
    private readonly SnapshotDurability _snapshot = new();
    private long _flushedTo = flushedTo.Value;
    private int _generation;
    private int _inFlightGeneration;
    private Offset _end = flushedTo;
    private Offset _inFlightEnd = flushedTo;
    private bool _namesDirty;
    private bool _retired;
    private long _dirtyBytes;

    /// <summary>
    /// The highest offset that a recovery-point checkpoint on the disk may name: recovery trusts everything below it. So no byte below it
    /// may change before a lower one is on the disk.
    /// </summary>
    private long _recoveryPoint = recoveryPoint.Value;
    private long _recoveryLimit = long.MaxValue;

    /// <summary>
    /// Records below it survive a power cut. Never above what was written when a flush began; lowered by truncation. Read without a lock.
    /// </summary>
    public Offset FlushedTo => new(Volatile.Read(ref _flushedTo));

    /// <summary>Raised by each truncation.</summary>
    public int Generation
    {
        get
        {
            lock (_lock)
            {
                return _generation;
            }
        }
    }

    /// <summary>True when there is something to flush.</summary>
    public bool IsDirty
    {
        get
        {
            lock (_lock)
            {
                return _dirty.Count > 0 || _once.Count > 0 || _namesDirty || _end.Value != _flushedTo;
            }
        }
    }

    /// <summary>A segment's bytes reach up to a new end.</summary>
    public void Written(LogSegment segment, Offset end, int bytes)
    {
        lock (_lock)
        {
            AddDirty(segment);
            _end = end;
            _dirtyBytes += bytes;
        }
    }

    /// <summary>A segment's indexes were written out for good.</summary>
    public void Sealed(LogSegment segment)
    {
        lock (_lock)
        {
            AddDirty(segment);
            segment.IsIndexDirty = true;
        }
    }

    /// <summary>Flushes a file with the next group, and closes it then.</summary>
    public void FlushOnce(IDiskFile file)
    {
        lock (_lock)
        {
            _once.Add(file);
            _namesDirty = true;
        }
    }

    /// <summary>True when the snapshot of producers at an offset is known to be on the disk.</summary>
    public bool HasSnapshot(Offset at) => Locked(at, static (snapshot, at) => snapshot.Has(at));

    /// <summary>True when <see cref="FlushSnapshot"/> was asked for it, and the flush is not over.</summary>
    public bool IsSnapshotUnderWay(Offset at) => Locked(at, static (snapshot, at) => snapshot.IsUnderWay(at));

    /// <summary>Flushes the snapshot of producers at an offset with the next group.</summary>
    public void FlushSnapshot(IDiskFile file, Offset at)
    {
        lock (_lock)
        {
            _once.Add(file);
            _namesDirty = true;
            _snapshot.Ask(at);
        }
    }

    /// <summary>A snapshot of producers is written.</summary>
    public void SnapshotWritten(Offset at)
    {
        lock (_lock)
        {
            _snapshot.ChangeFrom(at);
        }
    }

    /// <summary>Files were created or deleted in the log's directory.</summary>
    public void NamesChanged()
    {
        lock (_lock)
        {
            _namesDirty = true;
        }
    }

    /// <summary>
    /// The log is about to be truncated: from here on nothing at or above the new end counts as flushed, and no flush under way will count.
    /// Must be called before the first byte or file goes.
    /// </summary>
    public void BeginTruncation(Offset end)
    {
        lock (_lock)
        {
            Invariant.Holds(
                end.Value >= _recoveryPoint,
                "S-04",
                $"a log is truncated to {end} although the disk may hold recovery point {_recoveryPoint}"
            );
            _recoveryLimit = long.MaxValue;
            _generation++;
            _end = end;
            _snapshot.ChangeFrom(end);
            if (end.Value < _flushedTo)
            {
                Volatile.Write(ref _flushedTo, end.Value);
            }
        }
    }

    /// <summary>The log was truncated: what remains, and the shorter lengths, must be flushed in the new generation.</summary>
    public void CompleteTruncation(IReadOnlyList<LogSegment> remaining, Offset end)
    {
        lock (_lock)
        {
            _end = end;
            foreach (LogSegment segment in _dirty)
            {
                segment.IsDirty = false;
            }

            _dirty.Clear();
            foreach (LogSegment segment in remaining)
            {
                if (segment.NextOffset.Value >= _flushedTo)
                {
                    AddDirty(segment);
                }
            }

            _namesDirty = true;
        }
    }

    /// <summary>
    /// The log has got the name of another, whose place it takes. Until that name is durable a power cut brings the other one back, so only
    /// what that has flushed still counts, and no flush under way does.
    /// </summary>
    /// <param name="flushedTo">What the other has flushed.</param>
    /// <param name="segments">The log's segments.</param>
    public void TakePlace(Offset flushedTo, IReadOnlyList<LogSegment> segments)
    {
        lock (_lock)
        {
            _generation++;
            if (flushedTo.Value < _flushedTo)
            {
                Volatile.Write(ref _flushedTo, flushedTo.Value);
            }

            foreach (LogSegment segment in segments)
            {
                if (segment.NextOffset.Value >= _flushedTo)
                {
                    AddDirty(segment);
                }
            }

            _namesDirty = true;
        }
    }

    /// <summary>
    /// Begins a flush: takes all that is dirty, and notes end and generation before any byte is flushed. The files stay open until
    /// <see cref="End"/>. The result is true when names in the directory must be flushed too.
    /// </summary>
    /// <param name="files">Takes the files to flush.</param>
    public bool Begin(List<IDiskFile> files)
    {
        lock (_lock)
        {
            Invariant.Holds(_inFlight.Count == 0, "S-02", "two flushes of one log are under way at once");
            _inFlightGeneration = _generation;
            _inFlightEnd = _end;
            _snapshot.Begin();
            SeededBugFlushesNewestAlone();
            foreach (LogSegment segment in _dirty)
            {
                segment.IsDirty = false;
                if (!segment.TryAcquire())
                {
                    continue;
                }

                _inFlight.Add(segment);
                files.Add(segment.Log);
                if (segment.IsIndexDirty)
                {
                    segment.IsIndexDirty = false;
                    segment.AddIndexes(files);
                }
            }

            _dirty.Clear();
            files.AddRange(_once);
            _inFlightOnce.AddRange(_once);
            _once.Clear();
            bool names = _namesDirty;
            _namesDirty = false;
            return names;
        }
    }

    partial void SeededBugFlushesNewestAlone();

    /// <summary>
    /// The flush succeeded: publishes what it covered, unless the log was truncated since it began. True when it counted.
    /// </summary>
    /// <param name="bytes">The bytes that were written since the last flush that counted.</param>
    public bool Complete(out long bytes)
    {
        lock (_lock)
        {
            bytes = 0;
            _snapshot.Complete();
            SeededBugCountsTooMuch();
            if (_retired || _inFlightGeneration != _generation)
            {
                return false;
            }

            if (_inFlightEnd.Value > _flushedTo)
            {
                Volatile.Write(ref _flushedTo, _inFlightEnd.Value);
            }

            bytes = _dirtyBytes;
            _dirtyBytes = 0;
            return true;
        }
    }

    partial void SeededBugCountsTooMuch();

    /// <summary>The log is closed or deleted: no flush, also not one under way, counts from here on.</summary>
    public void Retire()
    {
        lock (_lock)
        {
            _retired = true;
            _dirty.Clear();
            _namesDirty = false;
        }
    }

    /// <summary>Lets go of the files of a flush, however it ended.</summary>
    public void End()
    {
        lock (_lock)
        {
            foreach (LogSegment segment in _inFlight)
            {
                segment.Release();
            }

            _inFlight.Clear();
            _snapshot.End();
            foreach (IDiskFile file in _inFlightOnce)
            {
                file.Dispose();
            }

            _inFlightOnce.Clear();
        }
    }

    /// <summary>
    /// The recovery point to write to the checkpoint: what is flushed, and committed, so that a truncation below it is a rare thing. From
    /// now on the disk may hold it.
    /// </summary>
    public Offset ClaimRecoveryPoint(Offset highWatermark)
    {
        lock (_lock)
        {
            long point = Math.Min(Math.Min(_flushedTo, highWatermark.Value), _recoveryLimit);
            _recoveryPoint = Math.Max(_recoveryPoint, point);
            return new Offset(point);
        }
    }

    /// <summary>The highest offset that a recovery point on the disk may name.</summary>
    public Offset RecoveryPoint
    {
        get
        {
            lock (_lock)
            {
                return new Offset(_recoveryPoint);
            }
        }
    }

    /// <summary>True while the log is about to be truncated.</summary>
    public bool IsAboutToBeTruncated
    {
        get
        {
            lock (_lock)
            {
                return _recoveryLimit != long.MaxValue;
            }
        }
    }

    /// <summary>The checkpoint with this recovery point is on the disk, in place of all others.</summary>
    public void RecoveryPointWritten(Offset point)
    {
        lock (_lock)
        {
            _recoveryPoint = point.Value;
        }
    }

    /// <summary>
    /// The log will be truncated at this offset: until then no recovery point and no high watermark above it goes to the disk. True when
    /// one may be there already, so that lower ones must be written first.
    /// </summary>
    public bool LimitCheckpoints(Offset limit, Offset highWatermark)
    {
        lock (_lock)
        {
            if (_recoveryPoint <= limit.Value && highWatermark <= limit)
            {
                return false;
            }

            _recoveryLimit = limit.Value;
            return true;
        }
    }

    /// <summary>The high watermark to write to the checkpoint.</summary>
    public Offset BoundHighWatermark(Offset highWatermark)
    {
        lock (_lock)
        {
            return new Offset(Math.Min(highWatermark.Value, _recoveryLimit));
        }
    }

    private bool Locked(Offset at, Func<SnapshotDurability, Offset, bool> look)
    {
        lock (_lock)
        {
            return look(_snapshot, at);
        }
    }

    private void AddDirty(LogSegment segment)
    {
        if (!segment.IsDirty && !_retired)
        {
            segment.IsDirty = true;
            _dirty.Add(segment);
        }
    }
}
