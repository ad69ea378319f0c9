using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>What the operator decides for the active controller. Times in milliseconds; the defaults are Kafka's.</summary>
public sealed record ControllerOptions
{
    /// <summary>The cluster that brokers must believe in; empty accepts every one.</summary>
    public string ClusterId { get; init; } = "";

    /// <summary>How long a broker lives without a heartbeat (<c>broker.session.timeout.ms</c>).</summary>
    public long SessionTimeoutMs { get; init; } = 9_000;

    /// <summary>How often leaderships go back to preferred leaders (<c>leader.imbalance.check.interval.seconds</c>); 0 never.</summary>
    public long ImbalanceCheckMs { get; init; } = 300_000;

    /// <summary>How often partitions without leader are tried again where unclean election is allowed.</summary>
    public long UncleanElectionCheckMs { get; init; } = 300_000;

    /// <summary>After how long without a record a no-op record is written (<c>metadata.max.idle.interval.ms</c>); 0 never.</summary>
    public long MaxIdleMs { get; init; } = 500;

    /// <summary>The partitions of a topic that does not say (<c>num.partitions</c>).</summary>
    public int DefaultPartitions { get; init; } = 1;

    /// <summary>The replicas of a topic that does not say (<c>default.replication.factor</c>).</summary>
    public short DefaultReplicationFactor { get; init; } = 1;

    /// <summary>The most partitions that one request may create, and the most leaderships that one check may move.</summary>
    public int MaxPartitionsPerRequest { get; init; } = 10_000;

    /// <summary>The most leaderships that one balance check moves; the rest follow in the next step.</summary>
    public int MaxElectionsPerStep { get; init; } = 1_000;

    /// <summary>False rejects topic deletion (<c>delete.topic.enable</c>).</summary>
    public bool DeleteTopicEnabled { get; init; } = true;

    /// <summary>The level of <c>metadata.version</c> for a new cluster.</summary>
    public MetadataVersion BootstrapVersion { get; init; } = MetadataVersion.Newest;

    /// <summary>Other features that a new cluster begins with; those at 0 or absent are off.</summary>
    public IReadOnlyList<KeyValuePair<string, short>> BootstrapFeatures { get; init; } = [];

    /// <summary>The levels that this program can run at.</summary>
    public ValueList<SupportedFeature> SupportedFeatures { get; init; } =
    [new(MetadataVersion.FeatureName, MetadataVersion.Oldest.Level, MetadataVersion.Newest.Level)];
}
