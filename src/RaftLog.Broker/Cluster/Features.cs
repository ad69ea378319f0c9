using RaftLog.Metadata;

namespace RaftLog.Broker.Cluster;

/// <summary>The feature levels that this software can run at (KIP-584).</summary>
internal static class Features
{
    /// <summary>The static or dynamic form of the quorum's voter set; it stands in a control record, not in a feature record.</summary>
    public const string KRaftVersion = "kraft.version";

    /// <summary>1 where groups may use the consumer protocol (KIP-848).</summary>
    public const string GroupVersion = "group.version";

    /// <summary>
    /// 1 where records of <c>__transaction_state</c> are flexible, 2 where each transaction raises its producer's epoch (KIP-890).
    /// </summary>
    public const string TransactionVersion = "transaction.version";

    /// <summary>
    /// The features of Kafka 4.3 that are not built: eligible leader replicas (KIP-966), share groups (KIP-932), streams groups (KIP-1071).
    /// They stay at 0 and nobody is told of them, so that no tool and no controller of Kafka raises them.
    /// </summary>
    public static readonly IReadOnlyList<string> NotBuilt = ["eligible.leader.replicas.version", "share.version", "streams.version"];

    /// <summary>The features that clients, controllers and other nodes are told of, with the levels that a broker can run at.</summary>
    public static readonly SupportedFeature[] Supported =
    [
        new(GroupVersion, 0, 1),
        new(KRaftVersion, 0, 1),
        new(MetadataVersion.FeatureName, MetadataVersion.Oldest.Level, MetadataVersion.Newest.Level),
        new(TransactionVersion, 0, 2),
    ];

    /// <summary>
    /// The levels that a controller sets. It knows those that are not built at 0 only: a directory that Kafka has made may have them at 1,
    /// and they can be lowered. The voters are static, which is <c>kraft.version</c> 0.
    /// </summary>
    public static readonly SupportedFeature[] Settable =
    [
        .. Supported.Select(each => each.Name == KRaftVersion ? new SupportedFeature(KRaftVersion, 0, 0) : each),
        .. NotBuilt.Select(name => new SupportedFeature(name, 0, 0)),
    ];

    /// <summary>Why a new cluster cannot have a feature at a level, null when it can.</summary>
    public static string? Rejection(string name, short level)
    {
        SupportedFeature[] found = [.. Settable.Where(each => each.Name == name)];
        return found is not [{ } known] ? $"there is no feature {name}; there are {string.Join(", ", Supported.Select(each => each.Name))}"
            : known.Supports(level) ? null
            : known.Highest == 0 ? $"{name} is not built here and stays at 0"
            : $"{name} goes from {known.Lowest} to {known.Highest}";
    }
}
