using System.Collections.Immutable;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// Records replayed onto an image, until <see cref="Apply"/> makes the next one. This is the only way in which belief changes: leader,
/// follower and recovery all come here. A record that contradicts the image is a broken invariant and stops the node.
/// </summary>
/// <remarks>
/// Used once: replay, then apply. The records of metadata transactions are replayed like all others; <see cref="MetadataReplayer"/> knows
/// when they count.
/// </remarks>
public sealed class MetadataDelta
{
    private readonly MetadataImage _image;
    private readonly SortedDictionary<Uuid, TopicDelta> _topics = [];
    private readonly SortedSet<ConfigResource> _resources = [];
    private ImmutableSortedDictionary<string, Uuid> _idsByName;
    private ImmutableSortedDictionary<NodeId, BrokerRegistration> _brokers;
    private ImmutableSortedDictionary<NodeId, ControllerRegistration> _controllers;
    private ImmutableSortedDictionary<ConfigResource, ImmutableSortedDictionary<string, string>> _configs;
    private ImmutableSortedDictionary<string, short> _features;
    private ProducerId _nextProducerId;
    private KeptRecords _kept;

    /// <summary>Begins with nothing changed.</summary>
    public MetadataDelta(MetadataImage image)
    {
        _image = image;
        _idsByName = image.Topics.IdsByName;
        _brokers = image.Brokers;
        _controllers = image.Controllers;
        _configs = image.Configs;
        _features = image.Features;
        _nextProducerId = image.NextProducerId;
        _kept = image.Kept;
    }

    /// <summary>Replays one record. It is not kept and may be reused afterwards.</summary>
    /// <exception cref="InvariantException">The record contradicts what is believed.</exception>
    public void Replay(IMetadataRecord record)
    {
        switch (record)
        {
            case PartitionChangeRecord change:
                TopicOf(change.TopicId).Replay(change);
                break;
            case PartitionRecord partition:
                TopicOf(partition.TopicId).Replay(partition);
                break;
            case TopicRecord topic:
                Create(topic);
                break;
            case RemoveTopicRecord topic:
                Remove(TopicOf(topic.TopicId));
                break;
            case ClearElrRecord clear:
                ClearEligibleLeaders(clear.TopicName);
                break;
            case RegisterBrokerRecord broker:
                _brokers = _brokers.SetItem(broker.BrokerId, BrokerRegistration.From(broker));
                break;
            case UnregisterBrokerRecord broker:
                _brokers = _brokers.Remove(Broker(broker.BrokerId, broker.BrokerEpoch).Id);
                break;
            case BrokerRegistrationChangeRecord change:
                _brokers = _brokers.SetItem(change.BrokerId, Broker(change.BrokerId, change.BrokerEpoch).With(change));
                break;
            case FenceBrokerRecord broker:
                _brokers = _brokers.SetItem(broker.Id, Broker(broker.Id, broker.Epoch) with { Fenced = true });
                break;
            case UnfenceBrokerRecord broker:
                _brokers = _brokers.SetItem(broker.Id, Broker(broker.Id, broker.Epoch) with { Fenced = false });
                break;
            case RegisterControllerRecord controller:
                _controllers = _controllers.SetItem(controller.ControllerId, ControllerRegistration.From(controller));
                break;
            case ConfigRecord config:
                Replay(config);
                break;
            case FeatureLevelRecord feature:
                _features =
                    feature.FeatureLevel == 0 ? _features.Remove(feature.Name) : _features.SetItem(feature.Name, feature.FeatureLevel);
                break;
            case ProducerIdsRecord block:
                Invariant.Holds(
                    block.NextProducerId >= _nextProducerId,
                    "M-07",
                    $"producer ids go back from {_nextProducerId} to {block.NextProducerId}"
                );
                _nextProducerId = block.NextProducerId;
                break;
            case NoOpRecord or BeginTransactionRecord or EndTransactionRecord or AbortTransactionRecord:
                break;
            default:
                bool known = _kept.TryReplay(record, out KeptRecords? kept);
                Invariant.Holds(known && kept is not null, "M-08", $"nobody replays a {record.GetType().Name}");
                _kept = kept;
                break;
        }
    }

    /// <summary>The image with all replayed records in it, and what they changed.</summary>
    /// <param name="provenance">The position of the last replayed record.</param>
    public MetadataUpdate Apply(MetadataProvenance provenance)
    {
        MetadataImage next = Freeze(provenance);
        return new MetadataUpdate(next, MetadataChanges.Between(_image, next, _topics.Values, _resources));
    }

    /// <summary>The image alone, for those who do not ask what changed.</summary>
    internal MetadataImage Freeze(MetadataProvenance provenance) =>
        new()
        {
            Provenance = provenance,
            Features = _features,
            Brokers = _brokers,
            Controllers = _controllers,
            Topics = FreezeTopics(),
            Configs = _configs,
            NextProducerId = _nextProducerId,
            Kept = _kept,
        };

    private TopicDelta TopicOf(Uuid id)
    {
        if (!_topics.TryGetValue(id, out TopicDelta? topic))
        {
            bool known = _image.Topics.TryGet(id, out TopicImage? image);
            Invariant.Holds(known && image is not null, "M-04", $"a record of topic {id}, which does not exist");
            topic = new TopicDelta(image);
            _topics.Add(id, topic);
        }

        Invariant.Holds(!topic.Removed, "M-04", $"a record of topic {id}, which was deleted");
        return topic;
    }

    private void Create(TopicRecord record)
    {
        Invariant.Holds(
            !_topics.ContainsKey(record.TopicId) && !_image.Topics.ById.ContainsKey(record.TopicId),
            "M-04",
            $"topic id {record.TopicId} is used twice"
        );
        Invariant.Holds(!_idsByName.ContainsKey(record.Name), "M-04", $"topic '{record.Name}' is created while it exists");
        _topics.Add(record.TopicId, new TopicDelta(record));
        _idsByName = _idsByName.Add(record.Name, record.TopicId);
    }

    private void Remove(TopicDelta topic)
    {
        topic.Remove();
        _idsByName = _idsByName.Remove(topic.Name);
        ConfigResource resource = ConfigResource.Topic(topic.Name);
        _configs = _configs.Remove(resource);
        _resources.Add(resource);
    }

    private void ClearEligibleLeaders(string topicName)
    {
        foreach ((string name, Uuid id) in _idsByName)
        {
            if (topicName.Length == 0 || name == topicName)
            {
                TopicOf(id).ClearEligibleLeaders();
            }
        }
    }

    private BrokerRegistration Broker(NodeId id, BrokerEpoch epoch)
    {
        bool known = _brokers.TryGetValue(id, out BrokerRegistration? broker);
        Invariant.Holds(known && broker is not null, "M-06", $"a change of broker {id}, which is not registered");
        Invariant.Holds(broker.Epoch == epoch, "M-06", $"a change of broker {id} in epoch {epoch}, and its epoch is {broker.Epoch}");
        return broker;
    }

    private void Replay(ConfigRecord record)
    {
        ConfigResource resource = new((ConfigResourceType)record.ResourceType, record.ResourceName);
        ImmutableSortedDictionary<string, string> values = _configs.GetValueOrDefault(resource, MetadataImage.NoConfigs);
        values = record.Value is null ? values.Remove(record.Name) : values.SetItem(record.Name, record.Value);
        _configs = values.IsEmpty ? _configs.Remove(resource) : _configs.SetItem(resource, values);
        _resources.Add(resource);
    }

    private TopicsImage FreezeTopics()
    {
        if (_topics.Count == 0)
        {
            return _image.Topics;
        }

        ImmutableSortedDictionary<Uuid, TopicImage>.Builder byId = _image.Topics.ById.ToBuilder();
        foreach (TopicDelta topic in _topics.Values)
        {
            if (topic.Removed)
            {
                byId.Remove(topic.Id);
            }
            else
            {
                byId[topic.Id] = topic.Freeze();
            }
        }

        return new TopicsImage(byId.ToImmutable(), _idsByName);
    }
}
