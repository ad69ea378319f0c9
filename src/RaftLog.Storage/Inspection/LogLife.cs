using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What is known of a log from its segments so far, and from what its directory remembers.</summary>
/// <param name="epochs">The log's leader epochs; null where the file does not tell.</param>
/// <param name="cleanedTo">Up to where this replica has compacted the log.</param>
/// <param name="start">Where the first segment begins.</param>
internal sealed class LogLife(LeaderEpochs? epochs, Offset cleanedTo, Offset start)
{
    public LeaderEpochs? Epochs { get; } = epochs;

    public Offset CleanedTo { get; } = cleanedTo;

    /// <summary>Below it the file of leader epochs is up to date; after a crash it may be behind from the recovery point on.</summary>
    public Offset EpochsKnownTo { get; init; }

    public ProducerStates Producers { get; } = new();

    /// <summary>The states are those of all batches: the first segment is the log's first, or a snapshot said what was before.</summary>
    public bool KnowsProducers { get; set; }

    public Offset End { get; set; } = start;

    public LeaderEpoch LastEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>
    /// The last batch so far, where it does not begin at the offset after the one before. Compaction leaves such gaps, on the replica that
    /// this one was copied from too, of whose rounds nothing here tells. So a gap says nothing by itself: only what follows can.
    /// </summary>
    public OffsetLeap? Leap { get; private set; }

    /// <summary>A batch comes next in a segment's file.</summary>
    public void NoteLeap(string path, Offset segment, long position, in BatchHeader batch) =>
        Leap = batch.BaseOffset > End && !batch.IsLegacy ? new OffsetLeap(path, segment, position, End, batch) : null;

    /// <summary>
    /// A batch comes next, or a segment begins, at an offset that goes back: where it would follow if the batch before it had not leapt, it
    /// is that one's offset which is damaged.
    /// </summary>
    /// <returns>False where it is not.</returns>
    public bool TryBlameLeap(Offset next, List<LogFinding> findings)
    {
        bool isLeap = Leap is { } leap && next >= leap.EndWithout && next < End;
        if (isLeap)
        {
            findings.Add(Leap!.Found($"what follows begins at offset {next}", LogRepairKind.Truncate));
        }

        return isLeap;
    }
}

/// <summary>A batch that does not begin at the offset after the one before.</summary>
/// <param name="Path">The segment's file.</param>
/// <param name="Segment">Where the segment begins.</param>
/// <param name="Position">The batch's first byte.</param>
/// <param name="From">The offset after the batch before.</param>
/// <param name="Batch">The batch.</param>
internal sealed record OffsetLeap(string Path, Offset Segment, long Position, Offset From, BatchHeader Batch)
{
    /// <summary>The offset after the batch, if it had followed the one before.</summary>
    public Offset EndWithout => From + (Batch.LastOffsetDelta + 1L);

    /// <summary>Its offset is damaged, for a reason.</summary>
    public LogFinding Found(string why, LogRepairKind repair) =>
        new(
            Path,
            Position,
            $"the batch at offset {Batch.BaseOffset} comes after offset {From - 1}, and {why}: its offset is damaged",
            repair,
            Segment
        );
}
