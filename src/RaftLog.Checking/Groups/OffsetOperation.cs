using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A request about the offset that a group has committed in a partition, or about its generation.</summary>
/// <param name="Group">The group.</param>
/// <param name="Partition">The partition; the default for <see cref="OffsetAction.Join"/>.</param>
/// <param name="Action">What is done.</param>
/// <param name="Generation">The generation that the member names, or is told; -1 where generations do not fence, as in reads and consumer
/// groups.</param>
/// <param name="Offset">What is committed, or was read; <see cref="Protocol.Offset.None"/> where nothing is committed.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="InvokedUs">When it was sent, in microseconds of the run.</param>
/// <param name="CompletedUs">When its response was there; null without one.</param>
public sealed record OffsetOperation(
    string Group,
    TopicPartition Partition,
    OffsetAction Action,
    int Generation,
    Offset Offset,
    SendOutcome Outcome,
    long InvokedUs,
    long? CompletedUs
);
