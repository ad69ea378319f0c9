using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>A partition before and after.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="TopicId">The topic's id.</param>
/// <param name="Partition">The partition's index.</param>
/// <param name="Before">What was believed, null for a new partition.</param>
/// <param name="After">What is believed, null for a partition whose topic is gone.</param>
public sealed record PartitionDifference(string Topic, Uuid TopicId, int Partition, PartitionRegistration? Before, PartitionRegistration? After);

/// <summary>A broker before and after.</summary>
/// <param name="Id">The node.</param>
/// <param name="Before">What was believed, null for a new broker.</param>
/// <param name="After">What is believed, null for one that was unregistered.</param>
public sealed record BrokerDifference(NodeId Id, BrokerRegistration? Before, BrokerRegistration? After);

/// <summary>What differs between two images. All lists are sorted: topics by id, the others by their key.</summary>
public sealed class MetadataChanges
{
    /// <summary>Topics that are new.</summary>
    public required IReadOnlyList<TopicImage> CreatedTopics { get; init; }

    /// <summary>Topics that are gone, as they were.</summary>
    public required IReadOnlyList<TopicImage> DeletedTopics { get; init; }

    /// <summary>Every partition that is new, gone or different, those of new and gone topics included.</summary>
    public required IReadOnlyList<PartitionDifference> Partitions { get; init; }

    /// <summary>Every broker that is new, gone or different.</summary>
    public required IReadOnlyList<BrokerDifference> Brokers { get; init; }

    /// <summary>Controllers that are new or different.</summary>
    public required IReadOnlyList<NodeId> Controllers { get; init; }

    /// <summary>Resources whose values differ.</summary>
    public required IReadOnlyList<ConfigResource> Configs { get; init; }

    /// <summary>Features whose level differs.</summary>
    public required IReadOnlyList<string> Features { get; init; }

    /// <summary>True when the next producer id differs.</summary>
    public required bool ProducerIds { get; init; }

    /// <summary>True when a kept record is new, gone or was written again.</summary>
    public required bool Kept { get; init; }

    /// <summary>True when nothing differs.</summary>
    public bool IsEmpty => CreatedTopics.Count == 0 && DeletedTopics.Count == 0 && Partitions.Count == 0 && Brokers.Count == 0
        && Controllers.Count == 0 && Configs.Count == 0 && Features.Count == 0 && !ProducerIds && !Kept;

    /// <summary>Compares two images whole, for instance after a snapshot took the place of the log.</summary>
    public static MetadataChanges Between(MetadataImage before, MetadataImage after) => Between(
        before,
        after,
        before.Topics.ById.Keys.Union(after.Topics.ById.Keys).Order(),
        before.Configs.Keys.Union(after.Configs.Keys).Order());

    /// <summary>Compares two images that can differ only in these topics and resources.</summary>
    internal static MetadataChanges Between(
        MetadataImage before, MetadataImage after, IEnumerable<Uuid> topics, IEnumerable<ConfigResource> resources)
    {
        List<TopicImage> created = [];
        List<TopicImage> deleted = [];
        List<PartitionDifference> partitions = [];
        foreach (Uuid id in topics)
        {
            TopicImage? old = before.Topics.ById.GetValueOrDefault(id);
            TopicImage? now = after.Topics.ById.GetValueOrDefault(id);
            if (old is null && now is not null)
            {
                created.Add(now);
            }
            else if (old is not null && now is null)
            {
                deleted.Add(old);
            }

            AddPartitions(partitions, old, now);
        }

        return new MetadataChanges
        {
            CreatedTopics = created,
            DeletedTopics = deleted,
            Partitions = partitions,
            Brokers = [.. Differing(before.Brokers, after.Brokers)
                .Select(id => new BrokerDifference(id, before.Brokers.GetValueOrDefault(id), after.Brokers.GetValueOrDefault(id)))],
            Controllers = [.. Differing(before.Controllers, after.Controllers)],
            Configs = [.. resources.Where(each => !before.ConfigOf(each).SequenceEqual(after.ConfigOf(each)))],
            Features = [.. Differing(before.Features, after.Features)],
            ProducerIds = before.NextProducerId != after.NextProducerId,
            Kept = !ReferenceEquals(before.Kept, after.Kept),
        };
    }

    private static void AddPartitions(List<PartitionDifference> partitions, TopicImage? old, TopicImage? now)
    {
        TopicImage? either = now ?? old;
        if (either is null || ReferenceEquals(old, now))
        {
            return;
        }

        if (old is not null && now is not null)
        {
            partitions.AddRange(Differing(old.Partitions, now.Partitions).Select(index => new PartitionDifference(
                now.Name, now.Id, index, old.Partitions.GetValueOrDefault(index), now.Partitions.GetValueOrDefault(index))));
            return;
        }

        partitions.AddRange(either.Partitions.Select(each => new PartitionDifference(
            either.Name, either.Id, each.Key, now is null ? each.Value : null, now is null ? null : each.Value)));
    }

    /// <summary>The keys whose values differ, in order: one walk along both.</summary>
    private static IEnumerable<TKey> Differing<TKey, TValue>(
        ImmutableSortedDictionary<TKey, TValue> before, ImmutableSortedDictionary<TKey, TValue> after)
        where TKey : notnull
    {
        if (ReferenceEquals(before, after))
        {
            yield break;
        }

        IComparer<TKey> order = before.KeyComparer;
        using IEnumerator<KeyValuePair<TKey, TValue>> old = before.GetEnumerator();
        using IEnumerator<KeyValuePair<TKey, TValue>> now = after.GetEnumerator();
        bool hasOld = old.MoveNext();
        bool hasNow = now.MoveNext();
        while (hasOld || hasNow)
        {
            int step = !hasNow ? -1 : !hasOld ? 1 : order.Compare(old.Current.Key, now.Current.Key);
            if (step != 0 || !EqualityComparer<TValue>.Default.Equals(old.Current.Value, now.Current.Value))
            {
                yield return step <= 0 ? old.Current.Key : now.Current.Key;
            }

            hasOld = step <= 0 ? old.MoveNext() : hasOld;
            hasNow = step >= 0 ? now.MoveNext() : hasNow;
        }
    }
}
