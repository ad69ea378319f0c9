using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;
using RaftLog.Storage;

namespace RaftLog.Broker.Quorum;

/// <summary>A piece of a snapshot for FetchSnapshot.</summary>
/// <param name="Error">Why there is none, or none.</param>
/// <param name="Leader">The leadership as this node knows it.</param>
/// <param name="Size">The size of the whole snapshot in bytes.</param>
/// <param name="Bytes">The bytes from the position on.</param>
internal sealed record SnapshotPiece(ErrorCode Error, LeaderAndEpoch Leader, long Size, ReadOnlyMemory<byte> Bytes);

/// <summary>A snapshot that was fetched, checked and put in place.</summary>
/// <param name="Records">Its metadata records.</param>
internal sealed record InstalledSnapshot(List<IMetadataRecord> Records);

/// <summary>
/// What a node keeps of the quorum on its disk: the metadata log, its snapshots, and the election state. Used by <see cref="QuorumNode"/>
/// alone, in its loop; what is asynchronous does not touch the log.
/// </summary>
internal sealed partial class MetadataStore
{
    /// <summary>The name of its log.</summary>
    internal static readonly TopicPartition Partition = new(QuorumWire.Topic, QuorumWire.Partition);

    private readonly LogDirectory _directory;
    private readonly SnapshotStore _snapshots;
    private readonly QuorumStateFile _stateFile;
    private readonly MetadataStoreOptions _options;
    private readonly IReadOnlyList<NodeId> _voters;
    private SnapshotWriter? _incoming;
    private bool _incomingIsPassedOver;
    private long _bytesAtSnapshot;
    private long _lastSnapshotMs;
    private Offset _lastSnapshotEnd = Offset.Zero;
    private readonly Action<string> _warn;
    private bool _snapshotting;
    private StoredSnapshotId? _damaged;

    private MetadataStore(
        LogDirectory directory,
        PartitionLog log,
        IDisk disk,
        IReadOnlyList<NodeId> voters,
        MetadataStoreOptions options,
        Action<string> warn
    )
    {
        _directory = directory;
        _voters = voters;
        _options = options;
        _warn = warn;
        Log = log;
        _snapshots = new SnapshotStore(disk, log.Path);
        _stateFile = new QuorumStateFile(disk, log.Path);
        _snapshots.RemoveUnfinished();
        SetDamagedAside();
        _bytesAtSnapshot = log.SizeBytes;
        if (_snapshots.Latest() is { } latest)
        {
            _lastSnapshotEnd = latest.EndOffset;
            if (latest.EndOffset > log.EndOffset)
            {
                if (log.Recovery.RecoveryPoint > latest.EndOffset)
                {
                    throw new LogDirectoryException(
                        directory.Path,
                        $"the log in {log.Path} ends at offset {log.EndOffset}, and everything below {log.Recovery.RecoveryPoint} was "
                            + $"flushed: its files are damaged or gone, and {_snapshots.PathOf(latest)} does not hold all that they held. "
                            + "\"A corrupt log\" in docs/operations.md says what to do"
                    );
                }

                // The process ended after a fetched snapshot was put in place and before the log was replaced by it.
                log.TruncateFullyAndStartAt(latest.EndOffset);
            }
        }
    }

    /// <summary>The metadata log.</summary>
    public PartitionLog Log { get; }

    /// <summary>Opens the metadata log of a directory, made where it is absent.</summary>
    /// <param name="directory">Where it lies.</param>
    /// <param name="disk">The disk with flushes of its own: neither a vote nor a record of the log waits for a flush of data.</param>
    /// <param name="voters">The quorum's voters.</param>
    /// <param name="options">How the log is kept.</param>
    /// <param name="warn">Told what people should know.</param>
    /// <exception cref="LogDirectoryException">A snapshot is damaged, and what else is there does not hold what it held.</exception>
    public static async ValueTask<MetadataStore> OpenAsync(
        LogDirectory directory,
        IDisk disk,
        IReadOnlyList<NodeId> voters,
        MetadataStoreOptions options,
        Action<string> warn
    )
    {
        LogSettings settings = LogSettings.Default with { SegmentBytes = options.SegmentBytes, SegmentMs = options.SegmentMs };
        PartitionLog log = await directory.OpenMetadataLogAsync(disk, Partition, settings);

        // A vote is durable only with every name that leads to it. Always, since an earlier life may have ended before it came so far.
        await disk.FlushDirectoryAsync(directory.Path);
        return new MetadataStore(directory, log, disk, voters, options, warn);
    }

    /// <summary>The election state on disk.</summary>
    public ElectionState ReadElectionState() =>
        _stateFile.Read() is { } stored
            ? new ElectionState(stored.Epoch, stored.Leader, new ReplicaKey(stored.Voted, stored.VotedDirectory))
            : ElectionState.Initial;

    /// <summary>The log as recovery left it.</summary>
    public RecoveredLog Recovered()
    {
        SnapshotId latest = _snapshots.Latest() is { } stored ? new(stored.EndOffset, stored.Epoch) : SnapshotId.None;
        SnapshotId start = Log.StartOffset > Offset.Zero ? StartOf(Log.StartOffset) : SnapshotId.None;
        return new RecoveredLog(
            start,
            Log.EndOffset,
            [.. Log.Epochs.Entries.Select(entry => new EpochStart(entry.Epoch, entry.StartOffset))],
            latest
        );
    }

    /// <summary>The newest snapshot with its records, for loading at start; null where there is none that replaces records.</summary>
    public (SnapshotId Id, List<IMetadataRecord> Records)? ReadLatestSnapshot()
    {
        if (_snapshots.Latest() is not { } latest || latest.EndOffset == Offset.Zero)
        {
            return null;
        }

        return ReadRecords(latest) is { } records
            ? (new SnapshotId(latest.EndOffset, latest.Epoch), records)
            : throw new LogDirectoryException(
                _directory.Path,
                $"{_snapshots.PathOf(latest)} was sound a moment ago, and is damaged now; start the node again"
            );
    }

    /// <summary>Writes the election state durably.</summary>
    public ValueTask WriteElectionStateAsync(ElectionState state) =>
        _stateFile.WriteAsync(
            new QuorumState(state.Epoch, state.Leader, state.Voted.Id, state.Voted.DirectoryId, _voters),
            QuorumStateVersion.StaticVoters
        );

    /// <summary>Must be awaited before the log is truncated.</summary>
    public ValueTask PrepareTruncationAsync(Offset offset) => _directory.PrepareTruncationAsync(Log, offset);

    /// <summary>Reads a piece of a snapshot.</summary>
    public SnapshotPiece ReadSnapshot(SnapshotId id, long position, int maxBytes, LeaderAndEpoch leader)
    {
        StoredSnapshotId stored = new(id.EndOffset, id.Epoch);
        try
        {
            return ReadSnapshot(stored, id.ReplacesRecords, position, maxBytes, leader);
        }
        catch (DiskException rejected) when (rejected.Kind == DiskErrorKind.NoDescriptors)
        {
            _warn($"{_snapshots.PathOf(stored)} cannot be served now: {rejected.Message}; {rejected.WayOut}");
            return new SnapshotPiece(ErrorCode.KafkaStorageError, leader, 0, default);
        }
    }

    private SnapshotPiece ReadSnapshot(StoredSnapshotId stored, bool replacesRecords, long position, int maxBytes, LeaderAndEpoch leader)
    {
        using IDiskFile? file = replacesRecords ? _snapshots.Open(stored) : null;
        if (file is null || (position == 0 && !IsFitToServe(stored)))
        {
            return new SnapshotPiece(ErrorCode.SnapshotNotFound, leader, 0, default);
        }

        if (position < 0 || position >= file.Length)
        {
            return new SnapshotPiece(ErrorCode.PositionOutOfRange, leader, file.Length, default);
        }

        byte[] bytes = new byte[(int)Math.Min(Math.Max(1, maxBytes), file.Length - position)];
        return new SnapshotPiece(ErrorCode.None, leader, file.Length, bytes.AsMemory(0, file.Read(position, bytes)));
    }

    /// <summary>
    /// Takes in a piece of the leader's snapshot; position 0 begins anew. One that finds no descriptor is passed over whole: it is not
    /// sound in the end, and is fetched again.
    /// </summary>
    public void WriteSnapshotChunk(SnapshotId id, long position, ReadOnlyMemory<byte> bytes)
    {
        if (position == 0)
        {
            _incoming?.Dispose();
            _incoming = TryBegin(new StoredSnapshotId(id.EndOffset, id.Epoch));
            _incomingIsPassedOver = _incoming is null;
        }

        if (_incomingIsPassedOver)
        {
            return;
        }

        Invariant.Holds(
            _incoming is { } part && part.Length == position,
            "B-07",
            $"a piece at {position} of snapshot {id} does not follow the pieces before it"
        );
        _incoming.Append(bytes.Span);
    }

    /// <summary>Checks the whole snapshot and puts it in place; null, and nothing has changed, when it is not sound.</summary>
    public async ValueTask<InstalledSnapshot?> CompleteSnapshotAsync(SnapshotId id)
    {
        using SnapshotWriter? incoming = _incoming;
        _incoming = null;
        if (incoming is null || incoming.Id != new StoredSnapshotId(id.EndOffset, id.Epoch))
        {
            return null;
        }

        await incoming.FreezeAsync();
        if (ReadRecords(incoming.Id) is { } records)
        {
            return new InstalledSnapshot(records);
        }

        _snapshots.Delete(incoming.Id);
        return null;
    }

    /// <summary>Must be awaited before <see cref="ReplaceLog"/>.</summary>
    public ValueTask PrepareReplacementAsync() => _directory.WaitForRoomAsync(Log);

    /// <summary>Drops the whole log, which a snapshot has replaced.</summary>
    public void ReplaceLog(SnapshotId id)
    {
        Log.TruncateFullyAndStartAt(id.EndOffset);
        _lastSnapshotEnd = id.EndOffset;
        _bytesAtSnapshot = Log.SizeBytes;
    }

    /// <summary>True when enough was written, or enough time has passed, since the last snapshot.</summary>
    public bool IsSnapshotDue(MetadataProvenance image, bool inTransaction, long nowMs)
    {
        if (_snapshotting || inTransaction)
        {
            return false;
        }

        if (_damaged is { } damaged)
        {
            return image.EndOffset >= damaged.EndOffset;
        }

        if (image.EndOffset <= _lastSnapshotEnd)
        {
            return false;
        }

        bool isOld = _options.SnapshotIntervalMs > 0 && nowMs - _lastSnapshotMs >= _options.SnapshotIntervalMs;
        return isOld || Log.SizeBytes - _bytesAtSnapshot >= _options.BytesBetweenSnapshots;
    }

    /// <summary>A snapshot is being written.</summary>
    public void SnapshotStarted()
    {
        _snapshotting = true;
        _damaged = null;
    }

    /// <summary>Writes a snapshot of an image and puts it in place.</summary>
    public async ValueTask<SnapshotId> WriteSnapshotAsync(MetadataImage image, long timestampMs)
    {
        MetadataProvenance at = image.Provenance;
        SeededBugLabelsSnapshotLow(ref at);
        using SnapshotWriter writer = await _snapshots.BeginAsync(new StoredSnapshotId(at.EndOffset, at.LastEpoch));
        foreach (byte[] piece in SnapshotContent.Pieces(MetadataSnapshot.Write(image), image.Version, at.LastEpoch, timestampMs))
        {
            writer.Append(piece);
        }

        await writer.FreezeAsync();
        return new SnapshotId(at.EndOffset, at.LastEpoch);
    }

    static partial void SeededBugLabelsSnapshotLow(ref MetadataProvenance at);

    /// <summary>The snapshot is in place.</summary>
    public void SnapshotEnded(long nowMs)
    {
        _snapshotting = false;
        _lastSnapshotMs = nowMs;
        _bytesAtSnapshot = Log.SizeBytes;
        if (_snapshots.Latest() is { } latest)
        {
            _lastSnapshotEnd = latest.EndOffset;
        }
    }

    /// <summary>
    /// Cuts the log at the second newest snapshot when it has grown over its bound; that snapshot, or null when nothing was cut.
    /// </summary>
    public SnapshotId? AdvanceLogStart()
    {
        if (_snapshots.List() is not [.., var keep, _] || Log.SizeBytes <= _options.RetentionBytes || keep.EndOffset <= Log.StartOffset)
        {
            return null;
        }

        Log.AdvanceStart(keep.EndOffset);
        _snapshots.DeleteOlderThan(keep);
        return new SnapshotId(keep.EndOffset, keep.Epoch);
    }

    /// <summary>
    /// The newest snapshots that the disk has corrupt are renamed, where an older one and the log hold all that they held: nothing is lost
    /// by that. Where they do not, the node must not start: it would have forgotten what it told others that it has.
    /// </summary>
    private void SetDamagedAside()
    {
        while (_snapshots.Latest() is { } newest && newest.EndOffset > Offset.Zero && !IsSound(newest))
        {
            Offset older = _snapshots.List() is [.., var before, _] ? before.EndOffset : Offset.Zero;
            string path = _snapshots.PathOf(newest);
            if (Log.StartOffset > older || Log.EndOffset < newest.EndOffset || Log.Epochs.At(newest.EndOffset - 1) != newest.Epoch)
            {
                throw new LogDirectoryException(
                    _directory.Path,
                    $"{path} is damaged, and the log beside it, which holds offsets {Log.StartOffset} to {Log.EndOffset}, does not hold "
                        + $"all that it held. Nothing was changed. "
                        + $"Put the right file back from a backup, or copy one whose name begins with {newest.EndOffset.Value:D20} or a "
                        + $"higher number and ends with .checkpoint from the same "
                        + "directory of another controller, and start the node again"
                );
            }

            string kept = _snapshots.SetAside(newest);
            _warn(
                $"{path} is damaged; an older snapshot and the log hold all that it held, and are used. The file was renamed to {kept} "
                    + $"and can be removed"
            );
        }
    }

    private bool IsSound(StoredSnapshotId id)
    {
        try
        {
            return ReadRecords(id) is not null;
        }
        catch (DiskException unreadable) when (unreadable.Kind == DiskErrorKind.Io)
        {
            return false;
        }
    }

    /// <summary>
    /// Looks at a snapshot before its first piece is served: whoever got a damaged one would reject it whole, and ask again for ever.
    /// Another is taken at once.
    /// </summary>
    private bool IsFitToServe(StoredSnapshotId id)
    {
        if (IsSound(id))
        {
            return true;
        }

        if (_damaged is null)
        {
            _warn($"{_snapshots.PathOf(id)} is damaged and not served; another snapshot is taken in its place");
            _damaged = id;
        }

        return false;
    }

    private SnapshotWriter? TryBegin(StoredSnapshotId id)
    {
        try
        {
            return _snapshots.Begin(id);
        }
        catch (DiskException rejected) when (rejected.Kind == DiskErrorKind.NoDescriptors)
        {
            _warn(
                $"a snapshot of the metadata cannot be taken in from the leader now, and is fetched again: {rejected.Message}; "
                    + $"{rejected.WayOut}"
            );
            return null;
        }
    }

    private List<IMetadataRecord>? ReadRecords(StoredSnapshotId id)
    {
        using IDiskFile? file = _snapshots.Open(id);
        if (file is null)
        {
            return null;
        }

        byte[] bytes = new byte[file.Length];
        return file.Read(0, bytes) == bytes.Length ? SnapshotContent.Read(bytes) : null;
    }

    private SnapshotId StartOf(Offset start)
    {
        foreach (StoredSnapshotId snapshot in _snapshots.List())
        {
            if (snapshot.EndOffset == start)
            {
                return new SnapshotId(snapshot.EndOffset, snapshot.Epoch);
            }
        }

        throw new LogDirectoryException(
            _directory.Path,
            $"the metadata log in {Log.Path} begins at offset {start}, and the snapshot of what came before is missing"
        );
    }
}

/// <summary>When the metadata log is cut into segments and snapshots.</summary>
/// <param name="SegmentBytes"><c>metadata.log.segment.bytes</c>.</param>
/// <param name="SegmentMs"><c>metadata.log.segment.ms</c>.</param>
/// <param name="BytesBetweenSnapshots"><c>metadata.log.max.record.bytes.between.snapshots</c>.</param>
/// <param name="SnapshotIntervalMs"><c>metadata.log.max.snapshot.interval.ms</c>; 0 for never.</param>
/// <param name="RetentionBytes"><c>metadata.max.retention.bytes</c>.</param>
internal sealed record MetadataStoreOptions(
    int SegmentBytes,
    long SegmentMs,
    long BytesBetweenSnapshots,
    long SnapshotIntervalMs,
    long RetentionBytes
);
