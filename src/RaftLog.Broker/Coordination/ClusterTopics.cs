using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Broker.Metadata;
using RaftLog.Coordination.Topics;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination;

/// <summary>The cluster's topics for coordinators: one view an image, which all shards share.</summary>
internal sealed class ClusterTopics : IMetadataListener
{
    private ImageTopics _now = new(MetadataImage.Empty);

    /// <summary>The topics of the latest image.</summary>
    public ImageTopics Now => Volatile.Read(ref _now);

    /// <inheritdoc />
    public Task ApplyAsync(MetadataUpdate update)
    {
        Volatile.Write(ref _now, new ImageTopics(update.Image));
        return Task.CompletedTask;
    }
}

/// <summary>The topics of one image. What was looked up is kept, at most one entry a topic.</summary>
internal sealed class ImageTopics(MetadataImage image) : ITopicsView
{
    private readonly ConcurrentDictionary<Uuid, TopicFacts> _known = new();

    /// <inheritdoc />
    public long Version => image.Provenance.LastOffset.Value;

    /// <inheritdoc />
    public IEnumerable<string> Names => image.Topics.InNameOrder.Select(topic => topic.Name);

    /// <inheritdoc />
    public bool TryFind(string name, [NotNullWhen(true)] out TopicFacts? topic)
    {
        topic = image.Topics.TryGet(name, out TopicImage? found) ? FactsOf(found) : null;
        return topic is not null;
    }

    /// <inheritdoc />
    public bool TryFind(Uuid id, [NotNullWhen(true)] out TopicFacts? topic)
    {
        topic = image.Topics.TryGet(id, out TopicImage? found) ? FactsOf(found) : null;
        return topic is not null;
    }

    private TopicFacts FactsOf(TopicImage topic)
    {
        if (!_known.TryGetValue(topic.Id, out TopicFacts? facts))
        {
            facts = new TopicFacts(topic.Name, topic.Id, topic.Partitions.Count, [.. topic.Partitions.Values.Select(RacksOf)]);
            _known[topic.Id] = facts;
        }

        return facts;
    }

    private IReadOnlyList<string> RacksOf(PartitionRegistration partition) =>
        [
            .. partition
                .Replicas.Select(node => image.Brokers.TryGetValue(node, out BrokerRegistration? broker) ? broker.Rack : null)
                .OfType<string>()
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
}

/// <summary>The topics as one shard sees them: they change only between its inputs.</summary>
internal sealed class ShardTopics(ClusterTopics topics) : ITopicsView
{
    private ImageTopics _now = topics.Now;

    /// <inheritdoc />
    public long Version => _now.Version;

    /// <inheritdoc />
    public IEnumerable<string> Names => _now.Names;

    /// <summary>Takes the latest image, before an input.</summary>
    public void Refresh() => _now = topics.Now;

    /// <inheritdoc />
    public bool TryFind(string name, [NotNullWhen(true)] out TopicFacts? topic) => _now.TryFind(name, out topic);

    /// <inheritdoc />
    public bool TryFind(Uuid id, [NotNullWhen(true)] out TopicFacts? topic) => _now.TryFind(id, out topic);
}
