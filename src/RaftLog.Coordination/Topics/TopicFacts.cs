using RaftLog.Protocol;

namespace RaftLog.Coordination.Topics;

/// <summary>What a coordinator needs to know of one topic.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id; a topic that was made anew has another one.</param>
/// <param name="PartitionCount">How many partitions it has, numbered from 0.</param>
/// <param name="Racks">For each partition the racks of its replicas, in ordinal order; empty where no broker has a rack.</param>
public sealed record TopicFacts(string Name, Uuid Id, int PartitionCount, IReadOnlyList<IReadOnlyList<string>> Racks);
