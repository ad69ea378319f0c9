using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Where one replica's log lies, and its move to another log directory of the node. Who changes something holds the partition's lock;
/// <see cref="Log"/> and <see cref="Directory"/> are read by anyone.
/// </summary>
/// <param name="gate">The partition's lock.</param>
/// <param name="log">The log.</param>
/// <param name="directory">The directory that holds it.</param>
/// <param name="host">The node.</param>
/// <param name="isInUse">False once the partition is closed or its directory has failed; called under the lock.</param>
/// <param name="logChanged">What the partition does when its log has changed; called under the lock.</param>
internal sealed class ReplicaPlace(
    Lock gate,
    PartitionLog log,
    LogDirectory directory,
    PartitionHost host,
    Func<bool> isInUse,
    Action<WakeList> logChanged
)
{
    private volatile PartitionLog _log = log;
    private volatile LogDirectory _directory = directory;
    private volatile LogMove? _move;
    private Uuid? _assigned;

    /// <summary>The log.</summary>
    public PartitionLog Log => _log;

    /// <summary>The directory that holds it.</summary>
    public LogDirectory Directory => _directory;

    /// <summary>The move that is under way; null when there is none.</summary>
    public LogMove? Move => _move;

    /// <summary>What of the log counts as durable.</summary>
    public Offset DurableEnd => _move?.DurableEnd(_log.DurableEnd) ?? _log.DurableEnd;

    /// <summary>The directory of this replica as metadata says; null where metadata does not track it.</summary>
    public Uuid? Assigned
    {
        get
        {
            lock (gate)
            {
                return _assigned;
            }
        }
        set
        {
            lock (gate)
            {
                _assigned = value;
            }
        }
    }

    /// <summary>
    /// Must be awaited, without the lock, before a leader's records are taken: where the log is empty and begins inside the first batch,
    /// that batch is taken whole, so the log begins a little earlier on the disk than it did.
    /// </summary>
    /// <exception cref="DiskException">The disk failed; the directory is offline then.</exception>
    public async ValueTask PrepareAsync(Memory<byte> records)
    {
        PartitionLog log = _log;
        if (log.BatchAtStart(records.Span) is { } first)
        {
            await _directory.PrepareTruncationAsync(log, first);
        }
    }

    /// <summary>The log leaves this node, and what is being copied of it. Under the lock.</summary>
    public void Delete()
    {
        if (_move is { } move)
        {
            move.Target.Futures.Drop(move.Future);
        }

        _directory.Delete(_log);
    }

    /// <summary>The log has changed: what follows it changes too. Under the lock.</summary>
    public void Follow()
    {
        if (_move is not { } move)
        {
            return;
        }

        move.Shorten(_log);
        if (move.IsFollowing && !move.TryCatchUp(_log, host.WallMs))
        {
            _move = null;
        }
    }

    /// <summary>
    /// Begins a move with a copy that is empty, or that an earlier life has left; false when the partition is not in use, or a move is
    /// under way.
    /// </summary>
    public bool TryBegin(LogMove move)
    {
        lock (gate)
        {
            if (!isInUse() || _move is not null)
            {
                return false;
            }

            // What arrives at the end of the copy is flushed at once, whatever the topic asks for: only then may it take the log's place.
            move.Future.Settings = _log.Settings with
            {
                FlushIntervalMessages = 1,
            };
            _move = move;
            return true;
        }
    }

    /// <summary>
    /// Drops what the copy of a move has and the log does not, one truncation a call; <see cref="LogMove.PrepareTruncationAsync"/> must
    /// have been awaited.
    /// </summary>
    public void Reconcile(LogMove move)
    {
        lock (gate)
        {
            if (_move == move && isInUse())
            {
                move.Reconcile(_log);
            }
        }
    }

    /// <summary>Ends a move; its copy is no longer written to. The caller drops it.</summary>
    public void End(LogMove move, WakeList wakes)
    {
        lock (gate)
        {
            if (_move == move)
            {
                _move = null;
                logChanged(wakes);
            }
        }
    }

    /// <summary>Where a copy goes on; null when the move is over, waits for the directory or must be reconciled.</summary>
    public (PartitionLog Log, Offset From, int Generation)? NextToCopy(LogMove move)
    {
        lock (gate)
        {
            return _move == move && !move.MustReconcile && isInUse() ? (_log, move.Future.EndOffset, move.Future.Generation) : null;
        }
    }

    /// <summary>
    /// Takes a piece that was read where <see cref="NextToCopy"/> said; what does not fit any more is passed over. False when the copy's
    /// directory rejects it.
    /// </summary>
    public bool Copied(LogMove move, Offset from, int generation, Memory<byte> batches)
    {
        lock (gate)
        {
            return _move != move
                || move.MustReconcile
                || move.Future.EndOffset != from
                || move.Future.Generation != generation
                || move.TryAppend(_log, batches, host.WallMs);
        }
    }

    /// <summary>Lets the copy follow once it has come up to the log; false when the copy's directory rejects.</summary>
    public bool Follow(LogMove move, WakeList wakes)
    {
        lock (gate)
        {
            if (_move != move || move.IsFollowing || move.MustReconcile || !isInUse())
            {
                return true;
            }

            bool follows = move.TryFollow(_log, _log.DurableEnd, host.WallMs);
            logChanged(wakes);
            return follows;
        }
    }

    /// <summary>
    /// Puts the copy in the log's place if it holds everything. The result is the log that it has replaced and where that lies; null when
    /// it has not.
    /// </summary>
    public (PartitionLog Log, LogDirectory In)? TryFinish(LogMove move, WakeList wakes)
    {
        lock (gate)
        {
            if (_move != move || !isInUse() || !move.HasAllOf(_log) || !move.Target.TryReplace(move.Future, _log, _directory))
            {
                return null;
            }

            (PartitionLog Log, LogDirectory In) replaced = (_log, _directory);
            move.Future.Settings = _log.Settings;
            _log = move.Future;
            _directory = move.Target;
            _move = null;
            logChanged(wakes);
            return replaced;
        }
    }
}
