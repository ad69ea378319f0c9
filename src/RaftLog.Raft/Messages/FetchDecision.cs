using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>What kind of response a fetch gets.</summary>
public enum FetchDecisionKind
{
    /// <summary>The request is rejected: see <see cref="FetchDecision.Error"/>.</summary>
    Error,

    /// <summary>Read from the offset that was asked for; there may be none to read, but then the high watermark is news.</summary>
    Records,

    /// <summary>
    /// Nothing is new: hold the request and ask again after <see cref="RaftEffect.WakeFetches"/> or when its time is over.
    /// </summary>
    Wait,

    /// <summary>The logs differ below the offset: see <see cref="FetchDecision.Diverging"/>.</summary>
    Diverging,

    /// <summary>The records are gone: see <see cref="FetchDecision.Snapshot"/>.</summary>
    Snapshot,
}

/// <summary>What to reply to a fetch. It holds until the next input to the core: the shell reads the records before that.</summary>
/// <param name="Kind">Which of the other fields matter.</param>
/// <param name="Error">The error of kind <see cref="FetchDecisionKind.Error"/>.</param>
/// <param name="Leader">The leadership as this node knows it; goes into every response.</param>
/// <param name="HighWatermark">This node's high watermark; goes into every response of a leader.</param>
/// <param name="LogStart">The first offset of the log.</param>
/// <param name="ReadFrom">The offset to read from.</param>
/// <param name="ReadTo">The log's end, where reading stops.</param>
/// <param name="Diverging">Where the logs may still agree.</param>
/// <param name="Snapshot">The snapshot to fetch.</param>
public readonly record struct FetchDecision(
    FetchDecisionKind Kind,
    ErrorCode Error,
    LeaderAndEpoch Leader,
    Offset HighWatermark,
    Offset LogStart,
    Offset ReadFrom,
    Offset ReadTo,
    LogPosition Diverging,
    SnapshotId Snapshot
);
