using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>A log to be made.</summary>
/// <param name="Partition">The partition; no directory of its name may be there.</param>
/// <param name="TopicId">The topic's id.</param>
/// <param name="Settings">The topic's configuration.</param>
public readonly record struct NewLog(TopicPartition Partition, Uuid TopicId, LogSettings Settings);

/// <summary>What came of a log to be made.</summary>
/// <param name="Log">The log; null when it could not be made.</param>
/// <param name="Failure">Why not, when nothing but this log is concerned: what ran out, or is forbidden.</param>
public readonly record struct CreatedLog(PartitionLog? Log, DiskException? Failure);
