using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>A snapshot of everything below one offset of the log (KIP-630).</summary>
/// <param name="EndOffset">The first offset that the snapshot does not contain; always a batch boundary.</param>
/// <param name="Epoch">The epoch of the last record that it contains.</param>
public readonly record struct SnapshotId(Offset EndOffset, LeaderEpoch Epoch)
{
    /// <summary>No snapshot; as the start of a log: a log that begins at offset 0.</summary>
    public static readonly SnapshotId None = new(Offset.Zero, LeaderEpoch.Zero);

    /// <summary>True for a snapshot that replaces records; the bootstrap snapshot 0-0 replaces none.</summary>
    public bool ReplacesRecords => EndOffset > Offset.Zero;
}
