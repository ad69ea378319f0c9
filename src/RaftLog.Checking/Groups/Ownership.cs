using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// A time in which a member rightly took a partition for its own: from the response that gave it the partition until it gave the partition
/// up, or until the group may have taken it for dead.
/// </summary>
/// <param name="Group">The group.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Member">The member.</param>
/// <param name="FromUs">When it was given the partition, in microseconds of the run.</param>
/// <param name="ToUs">Until when it held it at least.</param>
public sealed record Ownership(string Group, TopicPartition Partition, string Member, long FromUs, long ToUs);
