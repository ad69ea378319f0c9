using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>Where one replica's own log begins and ends.</summary>
/// <param name="Start">The first offset that is kept.</param>
/// <param name="End">The offset after the last record, flushed or not.</param>
/// <param name="DurableEnd">
/// The offset after the last record that counts towards the high watermark: flushed to disk, or merely written where the topic's flush
/// setting asks for no more (ARCHITECTURE D5). At most <paramref name="End"/>.
/// </param>
public readonly record struct LogExtent(Offset Start, Offset End, Offset DurableEnd)
{
    /// <summary>An empty log.</summary>
    public static readonly LogExtent Empty = new(Offset.Zero, Offset.Zero, Offset.Zero);
}
