namespace RaftLog.Client.Admin;

/// <summary>Which offset to find.</summary>
public readonly record struct OffsetSpec
{
    private OffsetSpec(long timestamp) => Timestamp = timestamp;

    /// <summary>The end of what may be read.</summary>
    public static OffsetSpec Latest { get; } = new(-1);

    /// <summary>The first offset of the log.</summary>
    public static OffsetSpec Earliest { get; } = new(-2);

    /// <summary>The record with the largest timestamp (KIP-734).</summary>
    public static OffsetSpec MaxTimestamp { get; } = new(-3);

    /// <summary>The first record at or after a time, in milliseconds since 1970.</summary>
    public static OffsetSpec At(long timestampMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timestampMs);
        return new OffsetSpec(timestampMs);
    }

    internal long Timestamp { get; }
}
