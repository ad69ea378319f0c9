using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// Copies a leader's log. It fetches only when all it has is durable, because the offset it asks for is its claim; it truncates where its
/// log and the leader's part, and only on a response to a fetch that describes the log as it still is.
/// </summary>
public sealed class PartitionFollowerRole : PartitionRole
{
    internal PartitionFollowerRole(LeaderEpoch epoch, NodeId leader)
        : base(epoch) => Leader = leader;

    /// <summary>Whom to fetch from.</summary>
    public NodeId Leader { get; }

    /// <summary>
    /// The leader's high watermark by its last response that did not diverge; <see cref="Offset.None"/> before. A response that reports a
    /// divergence does not count: its high watermark speaks of offsets that hold other records here (KAFKA-14704).
    /// </summary>
    public Offset LeaderHighWatermark { get; internal set; } = Offset.None;
}

/// <summary>What the leader answered for one partition, together with the fetch that it answers.</summary>
/// <param name="Fetch">The position that was sent.</param>
/// <param name="Error">The partition's error.</param>
/// <param name="Diverging">Where the logs part, when they do.</param>
/// <param name="HighWatermark">The leader's high watermark; <see cref="Offset.None"/> when it does not say.</param>
/// <param name="LeaderLogStart">The start of the leader's log; <see cref="Offset.None"/> when it does not say.</param>
public readonly record struct FollowerFetchResult(
    FetchPosition Fetch,
    ErrorCode Error,
    EpochEnd? Diverging,
    Offset HighWatermark,
    Offset LeaderLogStart
);

/// <summary>What a follower does with a response.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="To">The offset to truncate to, or to start over at; else <see cref="Offset.None"/>.</param>
/// <param name="HighWatermark">The high watermark has moved to this offset; null when it has not.</param>
public readonly record struct FollowerStep(FollowerStepKind Kind, Offset To, Offset? HighWatermark)
{
    internal static FollowerStep Of(FollowerStepKind kind) => new(kind, Offset.None, null);

    internal static FollowerStep TruncateTo(FollowerStepKind kind, Offset to) => new(kind, to, null);
}

/// <summary>The kinds of <see cref="FollowerStep"/>.</summary>
public enum FollowerStepKind
{
    /// <summary>The response belongs to a leadership or a log that is no more: drop it, records too.</summary>
    Drop,

    /// <summary>Append its records, if any.</summary>
    Append,

    /// <summary>Truncate the log to an offset (the epoch cache too, even when that is the log end), then fetch again at once.</summary>
    Truncate,

    /// <summary>The leader has removed what comes next: drop the whole log and start it at an offset.</summary>
    StartOver,

    /// <summary>The leader's log start is needed to go on, and it did not say: ask it (ListOffsets, earliest).</summary>
    AskLogStart,

    /// <summary>Try again after a pause: the leader is not ready for us.</summary>
    BackOff,

    /// <summary>Metadata here is behind: wait for what it says next, at most for the usual pause.</summary>
    AwaitMetadata,
}
