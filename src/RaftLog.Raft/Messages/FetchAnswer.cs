using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>What kind of answer a fetch gets.</summary>
public enum FetchAnswerKind
{
    /// <summary>The request is refused: see <see cref="FetchAnswer.Error"/>.</summary>
    Error,

    /// <summary>Read from the offset that was asked for; there may be none to read, but then the high watermark is news.</summary>
    Records,

    /// <summary>Nothing is new: hold the request and ask again after <see cref="RaftEffect.WakeFetches"/> or when its time is over.</summary>
    Wait,

    /// <summary>The logs differ below the offset: see <see cref="FetchAnswer.Diverging"/>.</summary>
    Diverging,

    /// <summary>The records are gone: see <see cref="FetchAnswer.Snapshot"/>.</summary>
    Snapshot,
}

/// <summary>What to answer to a fetch. It holds until the next input to the core: the shell reads the records before that.</summary>
/// <param name="Kind">Which of the other fields matter.</param>
/// <param name="Error">The error of kind <see cref="FetchAnswerKind.Error"/>.</param>
/// <param name="Leader">The leadership as this node knows it; goes into every answer.</param>
/// <param name="HighWatermark">This node's high watermark; goes into every answer of a leader.</param>
/// <param name="LogStart">The first offset of the log.</param>
/// <param name="ReadFrom">The offset to read from.</param>
/// <param name="ReadTo">The log's end, where reading stops.</param>
/// <param name="Diverging">Where the logs may still agree.</param>
/// <param name="Snapshot">The snapshot to fetch.</param>
public readonly record struct FetchAnswer(
    FetchAnswerKind Kind,
    ErrorCode Error,
    LeaderAndEpoch Leader,
    Offset HighWatermark,
    Offset LogStart,
    Offset ReadFrom,
    Offset ReadTo,
    LogPosition Diverging,
    SnapshotId Snapshot);
