using System.Collections.Immutable;
using RaftLog.Broker.Configuration;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Cluster;

/// <summary>The configuration in force on this node: its file, and what the cluster's metadata says on top of it.</summary>
internal sealed class ClusterConfigs(BrokerConfigs broker, NodeId self)
{
    /// <summary>This node.</summary>
    public NodeId Self { get; } = self;

    /// <summary>What was set on the running cluster for this node.</summary>
    public DynamicConfigs Dynamic(MetadataImage image) => DynamicOf(image, Self.ToString());

    /// <summary>How many connections this node takes now.</summary>
    public ConnectionLimits Connections(MetadataImage image) => ConnectionLimits.Of(broker, Dynamic(image));

    /// <summary>The values set on one topic.</summary>
    public static ImmutableSortedDictionary<string, string> Overrides(MetadataImage image, string topic) =>
        image.ConfigOf(ConfigResource.Topic(topic));

    /// <summary>The typed configuration of a topic.</summary>
    public TopicConfig Topic(MetadataImage image, string topic) => TopicConfigs.Resolve(Overrides(image, topic), broker, Dynamic(image));

    /// <summary>
    /// How many bytes a second throttled replicas may copy on this node (<c>follower.replication.throttled.rate</c>); null for any number.
    /// </summary>
    public long? ThrottledBytesPerSecond(MetadataImage image) => Rate("follower.replication.throttled.rate", image);

    /// <summary>
    /// How many bytes a second throttled replicas may be given by this node (<c>leader.replication.throttled.rate</c>); null for any
    /// number.
    /// </summary>
    public long? LeaderThrottledBytesPerSecond(MetadataImage image) => Rate("leader.replication.throttled.rate", image);

    /// <summary>
    /// How many bytes a second may be copied between log directories of this node (<c>replica.alter.log.dirs.io.max.bytes.per.second</c>);
    /// null for any number.
    /// </summary>
    public long? MovedBytesPerSecond(MetadataImage image) => Rate("replica.alter.log.dirs.io.max.bytes.per.second", image);

    /// <summary>The paths of log directories that get no new replicas (<c>cordoned.log.dirs</c>), or <c>*</c>.</summary>
    public IReadOnlyList<string> CordonedDirectories(MetadataImage image) =>
        ConfigText.List(broker.Value(Partitions.LogPlacement.CordonedKey, Dynamic(image)) ?? "");

    /// <summary>What the loops that look after logs are told now.</summary>
    public LogMaintenanceSettings Maintenance(MetadataImage image) => LogMaintenanceSettings.Of(broker, Dynamic(image));

    /// <summary>
    /// True when this node asks the coordinator before it appends the first batch of a transaction
    /// (<c>transaction.partition.verification.enable</c>).
    /// </summary>
    public bool VerifiesPartitions(MetadataImage image) =>
        !ConfigText.TryBoolean(broker.Value("transaction.partition.verification.enable", Dynamic(image)) ?? "", out bool verifies)
        || verifies;

    /// <summary>Every key of a topic with where its value comes from.</summary>
    public IReadOnlyList<DescribedConfig> DescribeTopic(MetadataImage image, string topic) => DescribeTopic(image, Overrides(image, topic));

    /// <summary>The same for a topic with these values of its own.</summary>
    public IReadOnlyList<DescribedConfig> DescribeTopic(MetadataImage image, ImmutableSortedDictionary<string, string> overrides) =>
        ResourceConfigs.Topic.DescribeAll(overrides, broker, Dynamic(image));

    /// <summary>Every key of a group with where its value comes from.</summary>
    public IReadOnlyList<DescribedConfig> DescribeGroup(MetadataImage image, string group) =>
        ResourceConfigs.Group.DescribeAll(image.ConfigOf(new ConfigResource(ConfigResourceType.Group, group)), broker, Dynamic(image));

    /// <summary>A number of a group: its own, or that of the node's key behind it.</summary>
    public int Group(MetadataImage image, string group, string key)
    {
        string? text = ResourceConfigs.Group.Value(
            key,
            image.ConfigOf(new ConfigResource(ConfigResourceType.Group, group)),
            broker,
            Dynamic(image)
        );
        return ConfigText.TryLong(text ?? "", out long value) ? (int)value : 0;
    }

    /// <summary>Every key of a subscription to client metrics with where its value comes from.</summary>
    public IReadOnlyList<DescribedConfig> DescribeClientMetrics(MetadataImage image, string subscription) =>
        ResourceConfigs.ClientMetrics.DescribeAll(
            image.ConfigOf(new ConfigResource(ConfigResourceType.ClientMetrics, subscription)),
            broker,
            Dynamic(image)
        );

    /// <summary>Every key of this broker with where its value comes from.</summary>
    public IReadOnlyList<DescribedConfig> DescribeBroker(MetadataImage image) => broker.DescribeAll(Dynamic(image));

    /// <summary>The keys that were set for all brokers, and nothing else.</summary>
    public IReadOnlyList<DescribedConfig> DescribeAllBrokers(MetadataImage image) =>
        [
            .. image
                .ConfigOf(ConfigResource.AllBrokers)
                .Keys.Select(key => broker.Describe(key, DynamicOf(image, "")))
                .OfType<DescribedConfig>(),
        ];

    private long? Rate(string key, MetadataImage image) =>
        ConfigText.TryLong(broker.Value(key, Dynamic(image)) ?? "", out long rate) ? rate : null;

    private static DynamicConfigs DynamicOf(MetadataImage image, string broker) =>
        new(
            broker.Length == 0
                ? ImmutableSortedDictionary<string, string>.Empty
                : image.ConfigOf(new ConfigResource(ConfigResourceType.Broker, broker)),
            image.ConfigOf(ConfigResource.AllBrokers)
        );
}
