using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>One topic with its partitions.</summary>
/// <param name="Name">The name.</param>
/// <param name="Id">The id, another one for each topic that ever had the name (KIP-516).</param>
/// <param name="Partitions">The partitions by index.</param>
public sealed record TopicImage(string Name, Uuid Id, ImmutableSortedDictionary<int, PartitionRegistration> Partitions);
