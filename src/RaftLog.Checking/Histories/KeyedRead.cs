using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One reader that went through a compacted partition, from its beginning to the end that it had when the reader began.</summary>
/// <param name="Reader">Who read.</param>
/// <param name="BeganUs">When it began, in microseconds of the run.</param>
/// <param name="EndedUs">When it had reached the end.</param>
/// <param name="End">That end.</param>
/// <param name="Records">What it was given, in the order in which it was given it; what lies beyond the end may be among it.</param>
public sealed record KeyedRead(int Reader, long BeganUs, long EndedUs, Offset End, IReadOnlyList<KeyedRecord> Records);
