using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// A group that makes one record from each record of some partitions, and commits what it has read in the same transaction.
/// </summary>
/// <param name="Group">The group.</param>
/// <param name="Committed">Its committed offsets at the end; a partition that is absent has none.</param>
public sealed record Pipeline(string Group, IReadOnlyDictionary<TopicPartition, Offset> Committed);
