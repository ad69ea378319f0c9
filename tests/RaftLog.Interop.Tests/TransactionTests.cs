using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Processes;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Interop.Tests;

/// <summary>Transactions of real clients, also while nodes are killed.</summary>
public sealed class TransactionTests
{
    private const int Records = 5_000;

    /// <summary>librdkafka speaks transactions V1: consume, transform, produce, with an abort in every five.</summary>
    [PythonFact]
    public async Task What_is_copied_with_transactions_is_there_exactly_once_while_coordinator_and_leaders_are_killed()
    {
        using Cluster cluster = await Cluster.StartAsync(3, new Dictionary<string, string> { ["group.initial.rebalance.delay.ms"] = "0" });
        await cluster.WatchAsync(async _ =>
        {
            await cluster.View.CreateTopicAsync("from", partitions: 3, replicas: 3);
            await cluster.View.CreateTopicAsync("to", partitions: 3, replicas: 3);
            string[] values = [.. Enumerable.Range(0, Records).Select(i => $"{i}")];
            (await Kcat.RunAsync(
                cluster, ["-P", "-t", "from", "-K", ":", "-X", "acks=all", "-X", "enable.idempotence=true"],
                string.Concat(values.Select(value => $"k{value}:{value}\n")))).Succeeded();

            using Command copy = PythonClients.Start("transformer.py", cluster.Bootstrap, "copier", "from", "to", $"{Records}");
            copy.Input.Close();
            await Poll.UntilAsync("a transaction is committed", () => copy.Said.Contains("committed", StringComparison.Ordinal));
            NodeProcess coordinator = await CoordinatorAsync(cluster, "copier");
            await coordinator.KillAsync();
            string before = copy.Said;
            await Poll.UntilAsync("transactions go on", () => copy.Said.Length > before.Length + 100);
            await coordinator.RestartAsync();
            await cluster.View.UntilInSyncAsync("to", partitions: 3, inSync: 3);
            NodeProcess other = cluster.Nodes.First(node => node != coordinator);
            await other.KillAsync();
            (await copy.EndAsync()).Succeeded();
            await other.RestartAsync();

            CommandResult read = (await Kcat.RunAsync(
                cluster, ["-C", "-t", "to", "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed"])).Succeeded();
            Assert.Equal(values.Order(), read.Lines.Where(line => line.Length > 0).Order());
        });
    }

    private static async Task<NodeProcess> CoordinatorAsync(Cluster cluster, string transactionalId)
    {
        FindCoordinatorResponse found = await cluster.View.AskAsync(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [transactionalId] });
        Assert.Equal(ErrorCode.None, found.Coordinators[0].ErrorCode);
        return cluster.Node(found.Coordinators[0].NodeId.Value);
    }
}

/// <summary>Kafka's tools about transactions, against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class TransactionToolTests(SharedCluster shared)
{
    [KafkaToolsFact]
    public Task Kafkas_tools_write_list_and_describe_transactions() => shared.WatchAsync(async cluster =>
    {
        await cluster.View.CreateTopicAsync("tool-transactions", partitions: 2, replicas: 3);
        (await KafkaTools.RunAsync(
            cluster, "producer-perf", "--topic", "tool-transactions", "--num-records", "500", "--record-size", "100", "--throughput", "-1",
            "--transactional-id", "tool-writer", "--transaction-duration-ms", "50")).Succeeded().Saying("500 records sent");
        (await KafkaTools.RunAsync(cluster, "transactions", "list")).Succeeded().Saying("tool-writer").Saying("CompleteCommit");
        (await KafkaTools.RunAsync(cluster, "transactions", "describe", "--transactional-id", "tool-writer")).Succeeded().Saying("CompleteCommit");
        (await KafkaTools.RunAsync(cluster, "transactions", "describe-producers", "--topic", "tool-transactions", "--partition", "0")).Succeeded()
            .Saying("ProducerEpoch");
        (await KafkaTools.RunAsync(cluster, "transactions", "find-hanging", "--topic", "tool-transactions", "--partition", "0")).Succeeded()
            .NotSaying("tool-transactions");
        CommandResult read = (await KafkaTools.RunAsync(
            cluster, "console-consumer", "--topic", "tool-transactions", "--from-beginning", "--isolation-level", "read_committed", "--max-messages",
            "500")).Succeeded();
        Assert.Equal(500, read.Lines.Count(line => line.Length >= 100));
    });
}
