namespace RaftLog.Broker.Configuration;

/// <summary>How an internal topic is made on its first use.</summary>
/// <param name="Name">The topic.</param>
/// <param name="FactorKey">The key of the replication factor, for messages.</param>
/// <param name="Partitions"><c>offsets.topic.num.partitions</c>, <c>transaction.state.log.num.partitions</c>.</param>
/// <param name="ReplicationFactor"><c>offsets.topic.replication.factor</c>, <c>transaction.state.log.replication.factor</c>.</param>
/// <param name="Configs">Its configuration: <c>offsets.topic.segment.bytes</c>, <c>transaction.state.log.segment.bytes</c>,
/// <c>transaction.state.log.min.isr</c>.</param>
public sealed record InternalTopicSettings(
    string Name,
    string FactorKey,
    int Partitions,
    short ReplicationFactor,
    IReadOnlyList<KeyValuePair<string, string>> Configs
)
{
    /// <summary>The key of the replicas of <c>__consumer_offsets</c>.</summary>
    internal const string OffsetsFactorKey = "offsets.topic.replication.factor";

    /// <summary>The key of the replicas of <c>__transaction_state</c>.</summary>
    internal const string TransactionsFactorKey = "transaction.state.log.replication.factor";

    /// <summary>The key of the least in-sync replicas of <c>__transaction_state</c>.</summary>
    internal const string TransactionsMinInSyncKey = "transaction.state.log.min.isr";

    internal static InternalTopicSettings ReadOffsets(SettingsReader settings) =>
        new(
            Cluster.InternalTopics.ConsumerOffsets,
            OffsetsFactorKey,
            settings.Int("offsets.topic.num.partitions"),
            settings.Short(OffsetsFactorKey),
            [
                new("cleanup.policy", "compact"),
                new("compression.type", "producer"),
                new("segment.bytes", $"{settings.Int("offsets.topic.segment.bytes")}"),
            ]
        );

    internal static InternalTopicSettings ReadTransactions(SettingsReader settings) =>
        new(
            Cluster.InternalTopics.TransactionState,
            TransactionsFactorKey,
            settings.Int("transaction.state.log.num.partitions"),
            settings.Short(TransactionsFactorKey),
            [
                new("cleanup.policy", "compact"),
                new("compression.type", "uncompressed"),
                new("min.insync.replicas", $"{settings.Int(TransactionsMinInSyncKey)}"),
                new("segment.bytes", $"{settings.Int("transaction.state.log.segment.bytes")}"),
                new("unclean.leader.election.enable", "false"),
            ]
        );
}
