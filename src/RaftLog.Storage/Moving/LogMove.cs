using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// One log on its way to another log directory of its node (KIP-113): the copy, and how far it is. First the copy is made piece by piece;
/// when it has come up to the log it follows: each append goes to both, and only what is durable in both counts, until the copy holds
/// everything that has counted and takes the log's place. All members are called under the partition's lock.
/// </summary>
/// <param name="future">The copy.</param>
/// <param name="target">Where it lies.</param>
public sealed class LogMove(PartitionLog future, LogDirectory target)
{
    private const int PieceBytes = 256 << 10;

    private static readonly LeaderEpoch AnyEpoch = new(int.MaxValue);

    /// <summary>What had counted as durable when the copy began to follow.</summary>
    private Offset _claimed;

    private byte[] _buffer = [];

    /// <summary>The copy.</summary>
    public PartitionLog Future { get; } = future;

    /// <summary>Where it lies.</summary>
    public LogDirectory Target { get; } = target;

    /// <summary>True once each append goes to both, until one of the disks declines that.</summary>
    public bool IsFollowing { get; private set; }

    /// <summary>Why the copy does not follow any more; null when nothing was declined. It is made piece by piece again until it has come
    /// up to the log once more.</summary>
    public DiskException? Declined { get; private set; }

    /// <summary>What of the log counts as durable.</summary>
    public Offset DurableEnd(Offset own) => IsFollowing ? Offset.Min(own, Offset.Max(_claimed, Future.DurableEnd)) : own;

    /// <summary>True when the copy can take the log's place: it has every record, and what has counted is durable in it.</summary>
    public bool HasAllOf(PartitionLog log) =>
        IsFollowing
        && Future.EndOffset == log.EndOffset
        && Future.StartOffset == log.StartOffset
        && Future.DurableEnd >= Offset.Min(_claimed, log.EndOffset);

    /// <summary>
    /// Drops what the copy has and the log does not: an earlier life has left it, and the log may have been truncated and written to since.
    /// Epochs tell where they part, as between a follower and its leader.
    /// </summary>
    public void Reconcile(PartitionLog log)
    {
        if (Future.StartOffset > log.StartOffset)
        {
            // A crash has taken the log's start back to where it was.
            Future.TruncateFullyAndStartAt(log.StartOffset);
            return;
        }

        while (Future.EndOffset > Future.StartOffset)
        {
            LeaderEpoch latest = Future.Epochs.Latest;
            StoredEpochEnd known = log.Epochs.EndOf(latest, log.EndOffset);
            if (latest == LeaderEpoch.None || known.Epoch == LeaderEpoch.None)
            {
                Future.TruncateFullyAndStartAt(log.StartOffset);
                return;
            }

            Offset end = Offset.Min(known.EndOffset, Future.Epochs.EndOf(known.Epoch, Future.EndOffset).EndOffset);
            if (known.Epoch == latest)
            {
                Future.TruncateTo(Offset.Min(end, Future.EndOffset));
                break;
            }

            Future.TruncateTo(end);
            if (Future.Epochs.Latest == latest)
            {
                Future.TruncateFullyAndStartAt(log.StartOffset);
                return;
            }
        }

        Shorten(log);
    }

    /// <summary>The log begins later, or ends earlier, than before.</summary>
    public void Shorten(PartitionLog log)
    {
        if (Future.EndOffset < log.StartOffset || Future.StartOffset > log.EndOffset)
        {
            Future.TruncateFullyAndStartAt(log.StartOffset);
        }
        else
        {
            if (Future.EndOffset > log.EndOffset)
            {
                Future.TruncateTo(log.EndOffset);
            }

            Future.AdvanceStart(log.StartOffset);
        }
    }

    /// <summary>
    /// Appends a piece that was read from the log at the copy's end; false when it does not fit there any more, or the directory rejects
    /// it.
    /// </summary>
    public bool TryAppend(PartitionLog log, Memory<byte> batches, long nowMs)
    {
        AppendResult result = Future.AppendAsFollower(batches, AnyEpoch, nowMs);
        Future.AdvanceStart(log.StartOffset);
        return result.IsAccepted && result.LastOffset != Offset.None;
    }

    /// <summary>From now on each append goes to both, as long as the disks do not decline it.</summary>
    /// <param name="log">The log.</param>
    /// <param name="claimed">What counts as durable of it now.</param>
    /// <param name="nowMs">Wall-clock milliseconds since 1970.</param>
    /// <returns>False when the copy can never follow, so that the move must end.</returns>
    public bool TryFollow(PartitionLog log, Offset claimed, long nowMs)
    {
        _claimed = claimed;
        IsFollowing = true;
        Declined = null;
        return TryCatchUp(log, nowMs);
    }

    /// <summary>
    /// Copies what the copy does not have yet. Where a disk declines (no descriptor is left, a read fails) the copy no longer follows, and
    /// what counts is the log's alone again: nothing that comes to the log waits for a copy that cannot be made now.
    /// </summary>
    /// <returns>False when that is not possible, so that the move must end.</returns>
    public bool TryCatchUp(PartitionLog log, long nowMs)
    {
        try
        {
            while (Future.EndOffset < log.EndOffset)
            {
                ReadResult found = log.Read(Future.EndOffset, PieceBytes, log.EndOffset, atLeastOneBatch: true);
                using LogSlice slice = found.Slice;
                if (found.Error != ErrorCode.None || slice.IsEmpty)
                {
                    return false;
                }

                if (_buffer.Length < slice.Length)
                {
                    _buffer = new byte[Math.Max(slice.Length, PieceBytes)];
                }

                int length = slice.Read(_buffer);
                if (length == 0)
                {
                    return false;
                }

                if (!TryAppend(log, _buffer.AsMemory(0, length), nowMs))
                {
                    Decline(
                        new DiskException(Future.Path, DiskErrorKind.Io, "copy", $"the batches from {Future.EndOffset} on are not taken")
                    );
                    return !Target.Health.IsOffline;
                }
            }
        }
        catch (DiskException declined)
        {
            Decline(declined);
        }

        return true;
    }

    private void Decline(DiskException cause)
    {
        IsFollowing = false;
        Declined = cause;
    }
}
