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

    /// <summary>True once each append goes to both, until one of the disks declines that, or the log is truncated.</summary>
    public bool IsFollowing { get; private set; }

    /// <summary>
    /// True while the copy may have what the log has not: nothing is copied before <see cref="Reconcile"/> has made it false.
    /// </summary>
    public bool MustReconcile { get; private set; } = true;

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
    /// Drops what the copy has and the log does not, with one truncation a call while <see cref="MustReconcile"/> is true: an earlier life
    /// has left it, or the log was truncated, and written to since. Epochs tell where the two part, as between a follower and its leader.
    /// <see cref="PrepareTruncationAsync"/> must be awaited before each call.
    /// </summary>
    /// <param name="log">The log.</param>
    public void Reconcile(PartitionLog log)
    {
        StoredEpochEnd known = log.Epochs.EndOf(Future.Epochs.Latest, log.EndOffset);
        StoredEpochEnd own = Future.Epochs.EndOf(known.Epoch, Future.EndOffset);
        bool isEmpty = Future.EndOffset == Future.StartOffset;
        if (BeginsElsewhere(log) || (!isEmpty && own.Epoch == LeaderEpoch.None))
        {
            Future.TruncateFullyAndStartAt(log.StartOffset);
            MustReconcile = false;
            return;
        }

        if (!isEmpty)
        {
            Future.TruncateTo(Offset.Min(known.EndOffset, own.EndOffset));
        }

        MustReconcile = (!isEmpty && known.Epoch != own.Epoch) || BeginsElsewhere(log);
        if (!MustReconcile)
        {
            Future.AdvanceStart(log.StartOffset);
        }
    }

    /// <summary>
    /// Waits, without the partition's lock, until there are descriptors for the files that a truncation of the copy changes: one that stops
    /// in its middle takes the directory offline.
    /// </summary>
    /// <exception cref="DiskException">There is no descriptor, and the node stops.</exception>
    public ValueTask PrepareTruncationAsync() => Target.WaitForRoomAsync(Future);

    /// <summary>
    /// The log has changed. Where it begins later, so does the copy. Where the copy has what the log has not any more, it follows no longer
    /// and must be reconciled.
    /// </summary>
    /// <param name="log">The log.</param>
    public void Shorten(PartitionLog log)
    {
        if (Future.EndOffset > log.EndOffset || BeginsElsewhere(log))
        {
            MustReconcile = true;
            IsFollowing = false;
        }
        else if (!MustReconcile)
        {
            Future.AdvanceStart(log.StartOffset);
        }
    }

    /// <summary>
    /// Appends a piece that was read from the log at the copy's end; false when it does not fit there any more, or the directory rejects
    /// it. Where the copy is empty the piece may begin before it, and <see cref="PrepareTruncationAsync"/> must have been awaited.
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
    /// what counts is the log's alone again: nothing that comes to the log waits for a copy that cannot be made now. It is made piece by
    /// piece too where the first of what the log has begins before the copy, which needs a truncation.
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

                if (Future.BatchAtStart(_buffer.AsSpan(0, length)) is not null)
                {
                    IsFollowing = false;
                    return true;
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

    /// <summary>True where none of what the copy has can stay.</summary>
    private bool BeginsElsewhere(PartitionLog log) => Future.EndOffset < log.StartOffset || Future.StartOffset > log.StartOffset;

    private void Decline(DiskException cause)
    {
        IsFollowing = false;
        Declined = cause;
    }
}
