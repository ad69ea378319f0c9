using System.Collections.Concurrent;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Moves replicas between the log directories of a node (KIP-113, KIP-858), one loop for all: a piece of each in turn, held back by
/// <c>replica.alter.log.dirs.io.max.bytes.per.second</c>. The controller knows the new directory before the copy takes the log's place.
/// </summary>
/// <param name="directories">The directories that partitions lie in.</param>
/// <param name="waiters">Clock and waits.</param>
/// <param name="nodeLog">Where it says what happens.</param>
internal sealed class ReplicaMover(IReadOnlyList<LogDirectory> directories, Waiters waiters, NodeLog nodeLog)
{
    private const int PieceBytes = 1 << 20;

    /// <summary>So much of a copy may wait for its directory's flush.</summary>
    private const int MostUnflushedBytes = 32 << 20;

    private const long ReportIntervalMs = 1000;

    private static readonly TimeSpan BetweenPieces = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<TopicIdPartition, Moving> _moves = new();
    private readonly AsyncSignal _signal = new(waiters);
    private byte[] _buffer = [];
    private volatile bool _stopped;

    /// <summary>Told in which directory a replica will lie, so that metadata says so.</summary>
    public required Action<TopicIdPartition, Uuid> Assign { get; init; }

    /// <summary>Holds back what is copied.</summary>
    public ReplicationThrottle Throttle { get; } = new();

    /// <summary>
    /// Begins to move a replica to a directory, in the place of a move to another one; a move to where it lies already only ends that. The
    /// result is an error, or none.
    /// </summary>
    public async ValueTask<ErrorCode> MoveAsync(Partition partition, LogDirectory target)
    {
        if (partition.Place.Move is { } present)
        {
            if (present.Target == target)
            {
                return ErrorCode.None;
            }

            End(partition, present);
        }

        if (partition.Directory == target)
        {
            return ErrorCode.None;
        }

        if (target.Health.IsOffline || partition.Directory.Health.IsOffline)
        {
            return ErrorCode.KafkaStorageError;
        }

        try
        {
            CreatedLog created = await target.Futures.CreateAsync(new NewLog(partition.Name, partition.Id.TopicId, partition.Log.Settings));
            if (created.Log is not { } future)
            {
                nodeLog.Error($"{partition.Name} cannot be moved to {target.Path}: {created.Failure!.Message}; {created.Failure.WayOut}");
                return ErrorCode.KafkaStorageError;
            }

            if (!TryBegin(partition, new LogMove(future, target)))
            {
                target.Futures.Drop(future);
                return ErrorCode.KafkaStorageError;
            }

            return ErrorCode.None;
        }
        catch (DiskException)
        {
            return ErrorCode.KafkaStorageError;
        }
    }

    /// <summary>A partition is in use: a move that an earlier life has begun goes on. Copies that cannot be of this log go.</summary>
    public void Resume(Partition partition)
    {
        foreach (LogDirectory directory in directories)
        {
            if (directory.Futures.Find(partition.Name) is not { } future)
            {
                continue;
            }

            bool isCopy = future.TopicId == partition.Id.TopicId && directory != partition.Directory;
            if (!isCopy || !TryBegin(partition, new LogMove(future, directory)))
            {
                directory.Futures.Drop(future);
            }
        }
    }

    /// <summary>Removes copies of logs that this node does not hold.</summary>
    /// <param name="isHeld">True for a partition that it holds.</param>
    public void DropStrays(Func<TopicPartition, bool> isHeld)
    {
        foreach (LogDirectory directory in directories)
        {
            foreach (PartitionLog future in directory.Futures.All)
            {
                if (!isHeld(future.Partition))
                {
                    directory.Futures.Drop(future);
                }
            }
        }
    }

    /// <summary>Limits what is copied, in bytes a second; null for no limit.</summary>
    public void Limit(long? bytesPerSecond)
    {
        if (Throttle.TryLimit(bytesPerSecond))
        {
            _signal.Set();
        }
    }

    /// <summary>Copies until stopped.</summary>
    public async Task RunAsync()
    {
        TimeSpan pause = Timeout.InfiniteTimeSpan;
        while (await _signal.WaitAsync(pause) != WaitOutcome.Closed)
        {
            bool copied = false;
            foreach (Moving moving in _moves.Values)
            {
                copied |= !_stopped && await StepAsync(moving);
            }

            pause =
                _moves.IsEmpty ? Timeout.InfiniteTimeSpan
                : copied ? BetweenPieces
                : BetweenLooks;
        }
    }

    /// <summary>Ends the loop.</summary>
    public void Stop()
    {
        _stopped = true;
        _signal.Close();
    }

    private bool TryBegin(Partition partition, LogMove move)
    {
        if (!partition.Place.TryBegin(move))
        {
            return false;
        }

        nodeLog.Info(
            $"{partition.Name}: moving from {partition.Directory.Path} to {move.Target.Path}, from offset {move.Future.EndOffset}"
        );
        _moves[partition.Id] = new Moving(partition, move);
        _signal.Set();
        return true;
    }

    /// <summary>Does what can be done now for a move; true when something was copied.</summary>
    private async ValueTask<bool> StepAsync(Moving moving)
    {
        (Partition partition, LogMove move) = (moving.Partition, moving.Move);
        if (partition.Place.Move != move || move.Target.Health.IsOffline)
        {
            // The directory has failed, or the partition has left.
            Give(moving, move.Target.Health.IsOffline ? $"{move.Target.Path} is offline" : "its log is gone, or the copy cannot follow it");
            return false;
        }

        if (move.IsFollowing)
        {
            await FinishAsync(moving);
            return false;
        }

        // An empty copy may have to begin earlier, where the first batch does.
        if ((move.MustReconcile || move.Future.EndOffset == move.Future.StartOffset) && !await TryPrepareAsync(move))
        {
            return false;
        }

        if (move.MustReconcile)
        {
            partition.Place.Reconcile(move);
            return true;
        }

        long now = waiters.NowMs;
        if (
            RestsAfterDecline(moving, now)
            || Throttle.OpensAtMs(now) > now
            || (moving.UnflushedBytes > MostUnflushedBytes && move.Future.FlushedTo < move.Future.EndOffset)
            || now < moving.RestsUntilMs
            || partition.Place.NextToCopy(move) is not { } next
        )
        {
            return false;
        }

        if (LacksRoom(moving, next.Log))
        {
            moving.Rest(now);
            return false;
        }

        moving.UnflushedBytes = moving.UnflushedBytes > MostUnflushedBytes ? 0 : moving.UnflushedBytes;
        return Copy(moving, next.Log, next.From, next.Generation, now);
    }

    /// <summary>Waits for descriptors; false when there are none, and the node stops.</summary>
    private static async ValueTask<bool> TryPrepareAsync(LogMove move)
    {
        try
        {
            await move.PrepareTruncationAsync();
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    /// <summary>
    /// True where the rest of a copy does not fit into the file system of its directory; that is told once. A disk that is full takes its
    /// directory offline, with all that lies there, so a copy waits before.
    /// </summary>
    private bool LacksRoom(Moving moving, PartitionLog log)
    {
        LogMove move = moving.Move;
        long needed = Math.Max(0, log.SizeBytes - move.Future.SizeBytes) + PieceBytes;
        long free = FreeBytes(move.Target);
        if (free >= needed)
        {
            moving.LacksRoom = false;
            return false;
        }

        if (!moving.LacksRoom)
        {
            moving.LacksRoom = true;
            nodeLog.Warn(
                $"{moving.Partition.Name} waits on its way to {move.Target.Path}: the copy needs {needed} bytes more, and {free} are free "
                    + "there. Make room there, or move it back to where it lies"
            );
        }

        return true;
    }

    private static long FreeBytes(LogDirectory directory)
    {
        try
        {
            return directory.Space().FreeBytes;
        }
        catch (DiskException)
        {
            // What the disk really declines the write will tell.
            return long.MaxValue;
        }
    }

    private bool Copy(Moving moving, PartitionLog log, Offset from, int generation, long now)
    {
        (Partition partition, LogMove move) = (moving.Partition, moving.Move);
        if (from >= log.EndOffset)
        {
            var wakes = new WakeList();
            bool follows = partition.Place.Follow(move, wakes);
            wakes.WakeAll();
            if (!follows)
            {
                Give(moving, "the copy cannot follow the log");
            }

            return follows && !RestsAfterDecline(moving, now);
        }

        try
        {
            ReadResult found = log.Read(Offset.Max(from, log.StartOffset), PieceBytes, log.EndOffset, atLeastOneBatch: true);
            using LogSlice slice = found.Slice;
            if (found.Error is ErrorCode.None or ErrorCode.OffsetOutOfRange && slice.IsEmpty)
            {
                // It was truncated meanwhile, or its start has moved.
                return false;
            }

            if (found.Error != ErrorCode.None)
            {
                throw new DiskException(log.Path, DiskErrorKind.Io, "read", $"the batch at offset {from} is corrupt");
            }

            _buffer = _buffer.Length < slice.Length ? new byte[Math.Max(slice.Length, PieceBytes)] : _buffer;
            int length = slice.Read(_buffer);
            if (!partition.Place.Copied(move, from, generation, _buffer.AsMemory(0, length)))
            {
                throw new DiskException(move.Future.Path, DiskErrorKind.Io, "copy", $"the batches from offset {from} on are not taken");
            }

            Throttle.Copied(now, length);
            moving.UnflushedBytes += length;
            return true;
        }
        catch (DiskException failure)
        {
            RestAfter(moving, failure, now);
            return false;
        }
    }

    /// <summary>True where the copy has followed the log and does no longer, because a disk has declined; that is told once.</summary>
    private bool RestsAfterDecline(Moving moving, long now)
    {
        if (moving.Move.Declined is not { } declined || declined == moving.Told)
        {
            return false;
        }

        moving.Told = declined;
        RestAfter(moving, declined, now);
        return true;
    }

    private void RestAfter(Moving moving, DiskException failure, long now)
    {
        moving.Rest(now);
        nodeLog.Warn(
            $"{moving.Partition.Name} cannot be copied to {moving.Move.Target.Path} now: {failure.Message}; {failure.WayOut}. It is tried "
                + "again"
        );
    }

    private async ValueTask FinishAsync(Moving moving)
    {
        (Partition partition, LogMove move) = (moving.Partition, moving.Move);
        Uuid target = move.Target.Meta.DirectoryId;
        if (partition.Place.Assigned is { } assigned && assigned != target)
        {
            if (waiters.NowMs >= moving.ReportsAtMs)
            {
                moving.ReportsAtMs = waiters.NowMs + ReportIntervalMs;
                Assign(partition.Id, target);
            }

            return;
        }

        var wakes = new WakeList();
        (PartitionLog Log, LogDirectory In)? replaced = partition.Place.TryFinish(move, wakes);
        wakes.WakeAll();
        if (replaced is { } old)
        {
            _moves.TryRemove(partition.Id, out _);
            nodeLog.Info($"{partition.Name}: moved to {move.Target.Path}, up to offset {partition.Log.EndOffset}");
            try
            {
                await move.Target.RemoveReplacedAsync(old.Log, old.In);
            }
            catch (DiskException)
            {
                // The directory is offline; the next start finds both logs and takes the one that goes further.
            }
        }
    }

    private void Give(Moving moving, string reason)
    {
        nodeLog.Warn($"{moving.Partition.Name} is not moved to {moving.Move.Target.Path}: {reason}");
        End(moving.Partition, moving.Move);
    }

    private void End(Partition partition, LogMove move)
    {
        var wakes = new WakeList();
        partition.Place.End(move, wakes);
        wakes.WakeAll();
        if (_moves.TryGetValue(partition.Id, out Moving? moving) && moving.Move == move)
        {
            _moves.TryRemove(new KeyValuePair<TopicIdPartition, Moving>(partition.Id, moving));
        }

        if (!move.Target.Health.IsOffline)
        {
            move.Target.Futures.Drop(move.Future);
        }

        if (partition.Place.Assigned is { } assigned && assigned == move.Target.Meta.DirectoryId)
        {
            Assign(partition.Id, partition.Directory.Meta.DirectoryId);
        }
    }

    /// <summary>A move in the loop.</summary>
    private sealed class Moving(Partition partition, LogMove move)
    {
        private const long RestMs = 5000;

        public Partition Partition { get; } = partition;

        public LogMove Move { get; } = move;

        /// <summary>What was copied since the copy was last seen flushed.</summary>
        public int UnflushedBytes { get; set; }

        /// <summary>When the controller is told the new directory again.</summary>
        public long ReportsAtMs { get; set; }

        /// <summary>Of what has ended the copy's following, what was told last.</summary>
        public DiskException? Told { get; set; }

        /// <summary>The rest of the copy does not fit where it shall lie, and that was told.</summary>
        public bool LacksRoom { get; set; }

        /// <summary>After a failure nothing is copied until then.</summary>
        public long RestsUntilMs { get; private set; }

        public void Rest(long nowMs) => RestsUntilMs = nowMs + RestMs;
    }
}
