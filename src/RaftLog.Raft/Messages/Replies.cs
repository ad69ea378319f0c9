using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>The response to a request; every one tells the leader and epoch that its sender knows.</summary>
/// <param name="Error">What was wrong with the request.</param>
/// <param name="Leader">What the sender believes about the leadership.</param>
public abstract record RaftReply(ErrorCode Error, LeaderAndEpoch Leader);

/// <summary>The response to <see cref="RaftVoteRequest"/>.</summary>
/// <param name="Error">What was wrong with the request; <see cref="ErrorCode.None"/> for nothing.</param>
/// <param name="Leader">What the sender believes about the leadership.</param>
/// <param name="Granted">True when the vote, or the pre-vote, is given.</param>
public sealed record RaftVoteReply(ErrorCode Error, LeaderAndEpoch Leader, bool Granted) : RaftReply(Error, Leader);

/// <summary>The response to <see cref="RaftBeginEpochRequest"/> and <see cref="RaftEndEpochRequest"/>.</summary>
/// <param name="Error">What was wrong with the request; <see cref="ErrorCode.None"/> for nothing.</param>
/// <param name="Leader">What the sender believes about the leadership.</param>
public sealed record RaftEpochReply(ErrorCode Error, LeaderAndEpoch Leader) : RaftReply(Error, Leader);

/// <summary>The response to <see cref="RaftFetchRequest"/>, as the replica that asked received it.</summary>
/// <param name="Error">What was wrong with the request; <see cref="ErrorCode.None"/> for nothing.</param>
/// <param name="Leader">What the sender believes about the leadership.</param>
/// <param name="HighWatermark">The leader's high watermark, or <see cref="Offset.None"/>.</param>
/// <param name="Diverging">Where the two logs may still agree: the sender's largest epoch up to the one asked, and its end there.</param>
/// <param name="Snapshot">The snapshot to fetch instead of records.</param>
/// <param name="HasRecords">True when record batches came with the response; the shell keeps them until
/// <see cref="RaftEffect.AppendFetched"/>.</param>
public sealed record RaftFetchReply(
    ErrorCode Error,
    LeaderAndEpoch Leader,
    Offset HighWatermark,
    LogPosition? Diverging,
    SnapshotId? Snapshot,
    bool HasRecords
) : RaftReply(Error, Leader);

/// <summary>The response to <see cref="RaftFetchSnapshotRequest"/>, as the replica that asked received it.</summary>
/// <param name="Error">What was wrong with the request; <see cref="ErrorCode.None"/> for nothing.</param>
/// <param name="Leader">What the sender believes about the leadership.</param>
/// <param name="Snapshot">The snapshot that the bytes belong to.</param>
/// <param name="Size">The size of the whole snapshot in bytes.</param>
/// <param name="Position">Where the bytes begin in it.</param>
/// <param name="Length">How many bytes came; the shell keeps them until <see cref="RaftEffect.WriteSnapshotChunk"/>.</param>
public sealed record RaftFetchSnapshotReply(
    ErrorCode Error,
    LeaderAndEpoch Leader,
    SnapshotId Snapshot,
    long Size,
    long Position,
    int Length
) : RaftReply(Error, Leader);
