namespace RaftLog.Broker.Configuration;

/// <summary>The topic of transactions.</summary>
/// <param name="Partitions"><c>transaction.state.log.num.partitions</c>: partitions of __transaction_state.</param>
/// <param name="ReplicationFactor"><c>transaction.state.log.replication.factor</c>: its replicas.</param>
/// <param name="MinInsyncReplicas"><c>transaction.state.log.min.isr</c>: replicas that must be in sync.</param>
/// <param name="SegmentBytes"><c>transaction.state.log.segment.bytes</c>: its segment size.</param>
public sealed record TransactionTopicSettings(
    int Partitions,
    short ReplicationFactor,
    int MinInsyncReplicas,
    int SegmentBytes)
{
    internal static TransactionTopicSettings Read(SettingsReader settings) => new(
        settings.Int("transaction.state.log.num.partitions"),
        settings.Short("transaction.state.log.replication.factor"),
        settings.Int("transaction.state.log.min.isr"),
        settings.Int("transaction.state.log.segment.bytes"));
}
