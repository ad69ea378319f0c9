using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>
/// The log as recovery left it. Recovery flushes what it keeps, so all of it is on disk. A log that ends before the newest snapshot, which
/// a crash can leave when the snapshot was taken before the log's tail was flushed, has been replaced by the snapshot.
/// </summary>
/// <param name="Start">Where the log begins: the end and last epoch of what was removed before it; <see cref="SnapshotId.None"/> for a
/// whole log.</param>
/// <param name="EndOffset">The offset of the next record.</param>
/// <param name="Epochs">Where each epoch of the log begins, ascending in both fields, none at or above
/// <paramref name="EndOffset"/>.</param>
/// <param name="LatestSnapshot">The newest snapshot on disk, at least at <paramref name="Start"/>; <see cref="SnapshotId.None"/> where
/// there is none.</param>
public sealed record RecoveredLog(SnapshotId Start, Offset EndOffset, IReadOnlyList<EpochStart> Epochs, SnapshotId LatestSnapshot)
{
    /// <summary>The log of a new directory.</summary>
    public static readonly RecoveredLog Empty = new(SnapshotId.None, Offset.Zero, [], SnapshotId.None);
}
