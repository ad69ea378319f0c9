using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups.Consumer.Assignors;

/// <summary>A topic as an assignor sees it.</summary>
internal readonly record struct AssignmentTopic(Uuid Id, int PartitionCount);
