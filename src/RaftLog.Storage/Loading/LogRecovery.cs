using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What opening a log found and did, for the node's log and for tests.</summary>
/// <param name="WasClean">The directory had been closed in order, so nothing was scanned.</param>
/// <param name="RecoveryPoint">From where on the log was in doubt.</param>
/// <param name="ScannedBytes">Bytes that were walked batch by batch.</param>
/// <param name="TruncatedBytes">Bytes that were not whole, intact batches in place, and are gone.</param>
/// <param name="DroppedSegments">Segments after the truncation that are gone.</param>
public sealed record LogRecovery(bool WasClean, Offset RecoveryPoint, long ScannedBytes, long TruncatedBytes, int DroppedSegments)
{
    /// <summary>
    /// The paths of files that a clean stop had left whole and that are damaged or gone: indexes and snapshots of producers, made anew from
    /// the batches, and leader epochs, read from these.
    /// </summary>
    public IReadOnlyList<string> DamagedFiles { get; init; } = [];
}

/// <summary>What the directory's files say about a log before it is opened.</summary>
/// <param name="WasClean">The directory was closed in order.</param>
/// <param name="RecoveryPoint">Everything below it is flushed.</param>
/// <param name="Start">The checkpointed log start; 0 where there is none.</param>
/// <param name="HighWatermark">The checkpointed high watermark; 0 where there is none.</param>
/// <param name="CleanedTo">Offsets below it may have gaps that compaction made.</param>
/// <param name="IsFlushed">All files of the log and their names were flushed since the process started.</param>
internal readonly record struct LoadHints(
    bool WasClean,
    Offset RecoveryPoint,
    Offset Start,
    Offset HighWatermark,
    Offset CleanedTo,
    bool IsFlushed
)
{
    /// <summary>
    /// How many entries the transaction indexes of segments had at the clean stop, by the segments' base offsets; null where there were
    /// none.
    /// </summary>
    public IReadOnlyDictionary<Offset, int>? TransactionIndexes { get; init; }

    /// <summary>Apache Kafka may have written the log last: its followers leave gaps between segments that are no lost ends.</summary>
    public bool IsForeign { get; init; }
}

/// <summary>
/// A log as it was found, or made, on the disk; its directory must be flushed before a record counts where names have changed.
/// </summary>
internal sealed record LoadedLog(
    LogSegment[] Segments,
    Offset Start,
    Offset End,
    Offset HighWatermark,
    Offset RecoveryPoint,
    LeaderEpochs Epochs,
    ProducerStates Producers,
    LogRecovery Recovery,
    bool NamesChanged
)
{
    /// <summary>Up to where the log was cleaned.</summary>
    public Offset CleanedTo { get; init; }

    /// <summary>The offset of the producer snapshot that the states were made from; zero where there was none.</summary>
    public Offset SnapshotAt { get; init; }

    /// <summary>The leader epochs as their file has them on the medium; null where that is not known.</summary>
    public IReadOnlyList<EpochEntry>? StoredEpochs { get; init; }
}
