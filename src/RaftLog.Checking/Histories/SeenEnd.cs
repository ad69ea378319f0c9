using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>What a client was told of the end of a partition.</summary>
/// <param name="Partition">Of which.</param>
/// <param name="End">The end.</param>
/// <param name="InvokedUs">When it asked, in microseconds of the run.</param>
/// <param name="CompletedUs">When it knew.</param>
public readonly record struct SeenEnd(TopicPartition Partition, Offset End, long InvokedUs, long CompletedUs);
