using System.Collections.Immutable;
using RaftLog.Protocol;

namespace RaftLog.Metadata;

using Configs = ImmutableSortedDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>;

/// <summary>
/// What the cluster believes at one point of the metadata log. It never changes and shares its parts with the images before and after it,
/// so readers hold it without a lock and a new one costs only what changed (KIP-631).
/// </summary>
/// <remarks>
/// Every collection is sorted, strings in ordinal order: two nodes that replay the same log see the same order as well.
/// </remarks>
public sealed record MetadataImage
{
    /// <summary>Before the first record.</summary>
    public static readonly MetadataImage Empty = new();

    /// <summary>Up to where the log is in it.</summary>
    public MetadataProvenance Provenance { get; init; } = MetadataProvenance.Empty;

    /// <summary>The finalised feature levels above 0.</summary>
    public ImmutableSortedDictionary<string, short> Features { get; init; } =
        ImmutableSortedDictionary.Create<string, short>(StringComparer.Ordinal);

    /// <summary>The registered brokers.</summary>
    public ImmutableSortedDictionary<NodeId, BrokerRegistration> Brokers { get; init; } =
        ImmutableSortedDictionary<NodeId, BrokerRegistration>.Empty;

    /// <summary>The registered controllers.</summary>
    public ImmutableSortedDictionary<NodeId, ControllerRegistration> Controllers { get; init; } =
        ImmutableSortedDictionary<NodeId, ControllerRegistration>.Empty;

    /// <summary>The topics and partitions.</summary>
    public TopicsImage Topics { get; init; } = TopicsImage.Empty;

    /// <summary>The configuration values that were set, by their owner; an owner without values is absent.</summary>
    public Configs Configs { get; init; } = Configs.Empty;

    /// <summary>The first producer id of the next block (KIP-730).</summary>
    public ProducerId NextProducerId { get; init; } = new(0);

    /// <summary>Records that nobody interprets here, so that nothing is lost.</summary>
    public KeptRecords Kept { get; init; } = KeptRecords.Empty;

    /// <summary>The finalised metadata version; the oldest before the first record says it.</summary>
    public MetadataVersion Version =>
        Features.TryGetValue(MetadataVersion.FeatureName, out short level) ? new(level) : MetadataVersion.Oldest;

    /// <summary>The finalised level of a feature, 0 when it is off.</summary>
    public short FeatureLevel(string name) => Features.GetValueOrDefault(name);

    /// <summary>The values set for one resource.</summary>
    public ImmutableSortedDictionary<string, string> ConfigOf(ConfigResource resource) =>
        Configs.TryGetValue(resource, out ImmutableSortedDictionary<string, string>? values) ? values : NoConfigs;

    /// <summary>No values, in ordinal order of keys.</summary>
    internal static readonly ImmutableSortedDictionary<string, string> NoConfigs = ImmutableSortedDictionary.Create<string, string>(
        StringComparer.Ordinal
    );

    /// <summary>
    /// True when two images say the same of the cluster, that is, when their snapshots are the same bytes; where in the log they come from
    /// does not matter. Walks everything: for tests, the simulator and checks at start.
    /// </summary>
    public bool SaysTheSameAs(MetadataImage other) => Fingerprint().SequenceEqual(other.Fingerprint());

    /// <summary>Bytes that are equal exactly for images that say the same, for who compares one image with many.</summary>
    public byte[] Fingerprint() => MetadataSnapshot.Fingerprint(this);
}
