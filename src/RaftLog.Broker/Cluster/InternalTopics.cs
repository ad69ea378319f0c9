namespace RaftLog.Broker.Cluster;

/// <summary>The topics that the cluster keeps for itself.</summary>
internal static class InternalTopics
{
    public const string ConsumerOffsets = "__consumer_offsets";
    public const string TransactionState = "__transaction_state";
    public const string ShareGroupState = "__share_group_state";
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>True for a topic that clients may not produce to.</summary>
    public static bool Contains(string topic) => topic is ConsumerOffsets or TransactionState or ShareGroupState;
}
