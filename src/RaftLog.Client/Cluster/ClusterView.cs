using System.Diagnostics.CodeAnalysis;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Cluster;

/// <summary>What is known of the cluster at one time. Never changes; a refresh makes the next one.</summary>
public sealed class ClusterView
{
    private readonly SortedDictionary<NodeId, BrokerView> _brokers;
    private readonly Dictionary<string, TopicView> _topics;

    private ClusterView(long version, string? clusterId, SortedDictionary<NodeId, BrokerView> brokers, Dictionary<string, TopicView> topics)
    {
        Version = version;
        ClusterId = clusterId;
        _brokers = brokers;
        _topics = topics;
    }

    /// <summary>Nothing is known yet.</summary>
    public static ClusterView Empty { get; } = new(0, null, [], []);

    /// <summary>Counts the refreshes.</summary>
    public long Version { get; }

    /// <summary>The cluster's id, or null when unknown.</summary>
    public string? ClusterId { get; }

    /// <summary>The live brokers, by id.</summary>
    public IReadOnlyCollection<BrokerView> Brokers => _brokers.Values;

    /// <summary>Finds a broker.</summary>
    public bool TryGetBroker(NodeId id, [NotNullWhen(true)] out BrokerView? broker) => _brokers.TryGetValue(id, out broker);

    /// <summary>Finds a topic; false when it was never asked for. One that was may carry an error.</summary>
    public bool TryGetTopic(string name, [NotNullWhen(true)] out TopicView? topic) => _topics.TryGetValue(name, out topic);

    /// <summary>Finds a partition of a topic that is known without error.</summary>
    public bool TryGetPartition(
        TopicPartition partition,
        [NotNullWhen(true)] out TopicView? topic,
        [NotNullWhen(true)] out PartitionView? view
    )
    {
        view = null;
        if (TryGetTopic(partition.Topic, out topic) && (uint)partition.Partition < (uint)topic.Partitions.Count)
        {
            view = topic.Partitions[partition.Partition];
        }

        return view is not null && topic is not null;
    }

    /// <summary>
    /// The next view. Topics that the response does not name stay. A leader of an older epoch than the known one is not believed: brokers
    /// learn of elections at different times (KIP-320).
    /// </summary>
    internal ClusterView With(MetadataResponse response)
    {
        SortedDictionary<NodeId, BrokerView> brokers = [];
        foreach (MetadataResponse.Broker broker in response.Brokers)
        {
            brokers[broker.NodeId] = new BrokerView(broker.NodeId, new NetworkAddress(broker.Host, broker.Port), broker.Rack);
        }

        Dictionary<string, TopicView> topics = new(_topics, StringComparer.Ordinal);
        foreach (MetadataResponse.TopicData topic in response.Topics)
        {
            if (topic.Name is { } name)
            {
                topics[name] = Describe(topic, name);
            }
        }

        return new ClusterView(Version + 1, response.ClusterId ?? ClusterId, brokers, topics);
    }

    /// <summary>
    /// The view with the newer ones of these leaders, which brokers have told in passing (KIP-951); this one where none is newer. However
    /// many there are, each of their topics is copied once.
    /// </summary>
    /// <param name="told">What was told, a partition once.</param>
    /// <param name="newer">Gets the partitions whose leader was not known.</param>
    internal ClusterView WithLeaders(IReadOnlyList<ToldLeader> told, HashSet<TopicPartition> newer)
    {
        Dictionary<string, List<PartitionView>> changed = new(StringComparer.Ordinal);
        foreach ((TopicPartition partition, NodeId leader, LeaderEpoch epoch) in told)
        {
            if (
                !TryGetPartition(partition, out TopicView? topic, out PartitionView? known)
                || epoch <= known.LeaderEpoch
                || !_brokers.ContainsKey(leader)
            )
            {
                continue;
            }

            if (!changed.TryGetValue(topic.Name, out List<PartitionView>? partitions))
            {
                partitions = [.. topic.Partitions];
                changed.Add(topic.Name, partitions);
            }

            partitions[partition.Partition] = known with { Leader = leader, LeaderEpoch = epoch, Error = ErrorCode.None };
            newer.Add(partition);
        }

        if (changed.Count == 0)
        {
            return this;
        }

        Dictionary<string, TopicView> topics = new(_topics, StringComparer.Ordinal);
        foreach ((string name, List<PartitionView> partitions) in changed)
        {
            topics[name] = topics[name] with { Partitions = partitions };
        }

        return new ClusterView(Version + 1, ClusterId, _brokers, topics);
    }

    private TopicView Describe(MetadataResponse.TopicData topic, string name)
    {
        PartitionView?[] partitions = new PartitionView?[topic.Partitions.Count];
        foreach (MetadataResponse.PartitionData partition in topic.Partitions)
        {
            if ((uint)partition.PartitionIndex < (uint)partitions.Length)
            {
                partitions[partition.PartitionIndex] = Newer(
                    name,
                    topic.TopicId,
                    new PartitionView(partition.PartitionIndex, partition.LeaderId, partition.LeaderEpoch, partition.ErrorCode)
                    {
                        Replicas = partition.ReplicaNodes,
                    }
                );
            }
        }

        List<PartitionView> all = new(partitions.Length);
        for (int i = 0; i < partitions.Length; i++)
        {
            all.Add(partitions[i] ?? new PartitionView(i, NodeId.None, LeaderEpoch.None, ErrorCode.LeaderNotAvailable));
        }

        return new TopicView(name, topic.TopicId, topic.ErrorCode, all);
    }

    private PartitionView Newer(string topic, Uuid id, PartitionView told) =>
        TryGetPartition(new TopicPartition(topic, told.Index), out TopicView? known, out PartitionView? old)
        && known.Id == id
        && old.LeaderEpoch > told.LeaderEpoch
        && told.LeaderEpoch != LeaderEpoch.None
            ? old
            : told;
}
