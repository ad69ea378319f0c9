using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Kafka's tools about transactions, against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class TransactionToolTests(SharedCluster shared)
{
    [KafkaToolsFact]
    public Task Kafkas_tools_write_list_and_describe_transactions() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-transactions", partitions: 2, replicas: 3);
            (
                await KafkaTools.RunAsync(
                    cluster,
                    "producer-perf",
                    "--topic",
                    "tool-transactions",
                    "--num-records",
                    "500",
                    "--record-size",
                    "100",
                    "--throughput",
                    "-1",
                    "--transactional-id",
                    "tool-writer",
                    "--transaction-duration-ms",
                    "50"
                )
            )
                .Succeeded()
                .Saying("500 records sent");
            (await KafkaTools.RunAsync(cluster, "transactions", "list")).Succeeded().Saying("tool-writer").Saying("CompleteCommit");
            (await KafkaTools.RunAsync(cluster, "transactions", "describe", "--transactional-id", "tool-writer"))
                .Succeeded()
                .Saying("CompleteCommit");
            (await KafkaTools.RunAsync(cluster, "transactions", "describe-producers", "--topic", "tool-transactions", "--partition", "0"))
                .Succeeded()
                .Saying("ProducerEpoch");
            (await KafkaTools.RunAsync(cluster, "transactions", "find-hanging", "--topic", "tool-transactions", "--partition", "0"))
                .Succeeded()
                .NotSaying("tool-transactions");
            CommandResult read = (
                await KafkaTools.RunAsync(
                    cluster,
                    "console-consumer",
                    "--topic",
                    "tool-transactions",
                    "--from-beginning",
                    "--isolation-level",
                    "read_committed",
                    "--max-messages",
                    "500"
                )
            ).Succeeded();
            Assert.Equal(500, read.Lines.Count(line => line.Length >= 100));
        });
}
