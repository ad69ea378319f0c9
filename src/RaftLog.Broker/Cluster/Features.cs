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

    /// <summary>All features with the levels that a node of this software accepts on disk and from a controller.</summary>
    public static readonly SupportedFeature[] Supported =
    [
        new("eligible.leader.replicas.version", 0, 1),
        new(GroupVersion, 0, 1),
        new(KRaftVersion, 0, 1),
        new(MetadataVersion.FeatureName, MetadataVersion.Oldest.Level, MetadataVersion.Newest.Level),
        new("share.version", 0, 1),
        new("streams.version", 0, 1),
        new(TransactionVersion, 0, 2),
    ];
}
