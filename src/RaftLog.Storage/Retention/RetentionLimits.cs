namespace RaftLog.Storage;

/// <summary>How much of a log is kept: <c>retention.ms</c> and <c>retention.bytes</c>.</summary>
/// <param name="Milliseconds">The age of a segment's newest record after which it goes; negative for no limit.</param>
/// <param name="Bytes">The bytes above which the oldest segments go; negative for no limit.</param>
public readonly record struct RetentionLimits(long Milliseconds, long Bytes)
{
    /// <summary>Everything is kept.</summary>
    public static readonly RetentionLimits None = new(-1, -1);
}
