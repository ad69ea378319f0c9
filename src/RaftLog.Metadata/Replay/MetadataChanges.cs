using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>A partition before and after.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="TopicId">The topic's id.</param>
/// <param name="Partition">The partition's index.</param>
/// <param name="Before">What was believed, null for a new partition.</param>
/// <param name="After">What is believed, null for a partition whose topic is gone.</param>
public sealed record PartitionDifference(
    string Topic,
    Uuid TopicId,
    int Partition,
    PartitionRegistration? Before,
    PartitionRegistration? After
);

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

    /// <summary>Compares two images whole, for instance after a snapshot took the place of the log.</summary>
    public static MetadataChanges Between(MetadataImage before, MetadataImage after)
    {
        Topics topics = new(before, after);
        foreach (Uuid id in before.Topics.ById.Keys.Union(after.Topics.ById.Keys).Order())
        {
            topics.Compare(id, touched: null);
        }

        return Between(before, after, topics, before.Configs.Keys.Union(after.Configs.Keys).Order());
    }

    /// <summary>Compares two images that can differ only where these topics were touched, and in these resources.</summary>
    internal static MetadataChanges Between(
        MetadataImage before,
        MetadataImage after,
        IEnumerable<TopicDelta> touched,
        IEnumerable<ConfigResource> resources
    )
    {
        Topics topics = new(before, after);
        foreach (TopicDelta topic in touched)
        {
            topics.Compare(topic.Id, topic.Touched);
        }

        return Between(before, after, topics, resources);
    }

    private static MetadataChanges Between(MetadataImage before, MetadataImage after, Topics topics, IEnumerable<ConfigResource> resources)
    {
        return new MetadataChanges
        {
            CreatedTopics = topics.Created,
            DeletedTopics = topics.Deleted,
            Partitions = topics.Partitions,
            Brokers =
            [
                .. Differing(before.Brokers, after.Brokers)
                    .Select(id => new BrokerDifference(id, before.Brokers.GetValueOrDefault(id), after.Brokers.GetValueOrDefault(id))),
            ],
            Controllers = [.. Differing(before.Controllers, after.Controllers)],
            Configs = [.. resources.Where(each => !before.ConfigOf(each).SequenceEqual(after.ConfigOf(each)))],
            Features = [.. Differing(before.Features, after.Features)],
            ProducerIds = before.NextProducerId != after.NextProducerId,
            Kept = !ReferenceEquals(before.Kept, after.Kept),
        };
    }

    /// <summary>The keys whose values differ, in order: one walk along both.</summary>
    private static IEnumerable<TKey> Differing<TKey, TValue>(
        ImmutableSortedDictionary<TKey, TValue> before,
        ImmutableSortedDictionary<TKey, TValue> after
    )
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
            int step =
                !hasNow ? -1
                : !hasOld ? 1
                : order.Compare(old.Current.Key, now.Current.Key);
            if (step != 0 || !EqualityComparer<TValue>.Default.Equals(old.Current.Value, now.Current.Value))
            {
                yield return step <= 0 ? old.Current.Key : now.Current.Key;
            }

            hasOld = step <= 0 ? old.MoveNext() : hasOld;
            hasNow = step >= 0 ? now.MoveNext() : hasNow;
        }
    }

    /// <summary>The differences of topics, collected one topic after the other.</summary>
    private sealed class Topics(MetadataImage before, MetadataImage after)
    {
        public List<TopicImage> Created { get; } = [];

        public List<TopicImage> Deleted { get; } = [];

        public List<PartitionDifference> Partitions { get; } = [];

        /// <summary>Compares one topic: the touched partitions, or all.</summary>
        public void Compare(Uuid id, IEnumerable<int>? touched)
        {
            TopicImage? old = before.Topics.ById.GetValueOrDefault(id);
            TopicImage? now = after.Topics.ById.GetValueOrDefault(id);
            if (old is not null && now is not null)
            {
                CompareBoth(old, now, touched ?? Differing(old.Partitions, now.Partitions));
            }
            else if (now is not null)
            {
                Created.Add(now);
                Partitions.AddRange(now.Partitions.Select(each => new PartitionDifference(now.Name, id, each.Key, null, each.Value)));
            }
            else if (old is not null)
            {
                Deleted.Add(old);
                Partitions.AddRange(old.Partitions.Select(each => new PartitionDifference(old.Name, id, each.Key, each.Value, null)));
            }
        }

        private void CompareBoth(TopicImage old, TopicImage now, IEnumerable<int> partitions)
        {
            foreach (int index in partitions)
            {
                PartitionRegistration? was = old.Partitions.GetValueOrDefault(index);
                PartitionRegistration? becomes = now.Partitions.GetValueOrDefault(index);
                if (!Equals(was, becomes))
                {
                    Partitions.Add(new PartitionDifference(now.Name, now.Id, index, was, becomes));
                }
            }
        }
    }
}
