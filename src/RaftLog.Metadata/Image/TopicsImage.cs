using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>All topics, by id and by name.</summary>
/// <param name="ById">The topics by id.</param>
/// <param name="IdsByName">The id that a name stands for now, in ordinal order of names.</param>
public sealed record TopicsImage(ImmutableSortedDictionary<Uuid, TopicImage> ById, ImmutableSortedDictionary<string, Uuid> IdsByName)
{
    /// <summary>No topics.</summary>
    public static readonly TopicsImage Empty = new(
        ImmutableSortedDictionary<Uuid, TopicImage>.Empty,
        ImmutableSortedDictionary.Create<string, Uuid>(StringComparer.Ordinal)
    );

    /// <summary>The topics in ordinal order of names.</summary>
    public IEnumerable<TopicImage> InNameOrder => IdsByName.Values.Select(id => ById[id]);

    /// <summary>Finds a topic by id.</summary>
    public bool TryGet(Uuid id, [NotNullWhen(true)] out TopicImage? topic) => ById.TryGetValue(id, out topic);

    /// <summary>Finds a topic by name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out TopicImage? topic)
    {
        topic = null;
        return IdsByName.TryGetValue(name, out Uuid id) && ById.TryGetValue(id, out topic);
    }

    /// <summary>Finds a partition by its topic's id.</summary>
    public bool TryGetPartition(Uuid id, int partition, [NotNullWhen(true)] out PartitionRegistration? registration)
    {
        registration = null;
        return TryGet(id, out TopicImage? topic) && topic.Partitions.TryGetValue(partition, out registration);
    }
}
