using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>The end of a log, or of one epoch in it. Ordered as Raft compares logs: by epoch, then by offset (Raft §5.4.1).</summary>
/// <param name="Epoch">The epoch of the last record below <paramref name="EndOffset"/>; 0 for an empty log.</param>
/// <param name="EndOffset">The first offset after it.</param>
public readonly record struct LogPosition(LeaderEpoch Epoch, Offset EndOffset) : IComparable<LogPosition>
{
    /// <inheritdoc />
    public int CompareTo(LogPosition other) => Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : EndOffset.CompareTo(other.EndOffset);

    /// <summary>True when the left log end is behind the right one.</summary>
    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;

    /// <summary>True when the left log end is ahead of the right one.</summary>
    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;

    /// <summary>True when the left log end is behind, or the same as, the right one.</summary>
    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;

    /// <summary>True when the left log end is ahead of, or the same as, the right one.</summary>
    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;
}
