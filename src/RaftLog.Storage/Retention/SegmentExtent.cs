using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What retention and cleaning need to know of a segment.</summary>
/// <param name="BaseOffset">Where it begins.</param>
/// <param name="NextOffset">Where the next one begins, or the log ends.</param>
/// <param name="Bytes">The bytes of its batches.</param>
/// <param name="LargestTimestamp">The largest timestamp of its records in milliseconds; of one without, when it was opened.</param>
public readonly record struct SegmentExtent(Offset BaseOffset, Offset NextOffset, long Bytes, long LargestTimestamp)
{
    /// <summary>The largest timestamp of its first batch in milliseconds; negative where it has none.</summary>
    public long FirstTimestamp { get; init; } = -1;
}
