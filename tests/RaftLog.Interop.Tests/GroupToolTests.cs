using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Kafka's tools about groups, and kcat's balanced consumer, against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class GroupToolTests(SharedCluster shared)
{
    [KcatFact]
    public Task Kcat_goes_on_from_its_commit() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("kcat-group", partitions: 3, replicas: 3);
            string[] consume = ["-G", "kcat-readers", "-X", "auto.offset.reset=earliest", "-e", "-q", "kcat-group"];
            (await Kcat.RunAsync(cluster, ["-P", "-t", "kcat-group"], "one\ntwo\nthree\n")).Succeeded();
            Assert.Equal(["one", "three", "two"], (await Kcat.RunAsync(cluster, consume)).Succeeded().Lines.Order());
            (await Kcat.RunAsync(cluster, ["-P", "-t", "kcat-group"], "four\n")).Succeeded();
            Assert.Equal(["four"], (await Kcat.RunAsync(cluster, consume)).Succeeded().Lines);
        });

    [KafkaToolsFact]
    public Task Kafkas_tools_read_describe_reset_and_delete_a_group() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-group", partitions: 2, replicas: 3);
            Assert.True(await cluster.View.TryProduceAsync("tool-group", 0, RawBatches.Of("a", "b", "c")));
            Assert.True(await cluster.View.TryProduceAsync("tool-group", 1, RawBatches.Of("d")));
            CommandResult read = (
                await KafkaTools.RunAsync(
                    cluster,
                    "console-consumer",
                    "--topic",
                    "tool-group",
                    "--group",
                    "tool-readers",
                    "--from-beginning",
                    "--max-messages",
                    "4"
                )
            ).Succeeded();
            Assert.Equal(["a", "b", "c", "d"], read.Lines.Where(line => line.Length == 1).Order());

            (await KafkaTools.RunAsync(cluster, "groups", "--list")).Succeeded().Saying("tool-readers").Saying("Classic");
            (await KafkaTools.RunAsync(cluster, "consumer-groups", "--describe", "--group", "tool-readers"))
                .Succeeded()
                .Saying("has no active members")
                .Saying("tool-group");
            (await KafkaTools.RunAsync(cluster, "consumer-groups", "--describe", "--group", "tool-readers", "--state"))
                .Succeeded()
                .Saying("Empty");
            (
                await KafkaTools.RunAsync(
                    cluster,
                    "consumer-groups",
                    "--reset-offsets",
                    "--group",
                    "tool-readers",
                    "--topic",
                    "tool-group:0",
                    "--to-offset",
                    "1",
                    "--execute"
                )
            ).Succeeded();
            CommandResult plan = (
                await Command.RunAsync(
                    Repository.RaftLog,
                    ["group", "reset-offsets", "tool-readers", "--all-topics", "--shift-by", "1", "--bootstrap-server", cluster.Bootstrap]
                )
            ).Succeeded();
            plan.Saying("tool-readers  tool-group  0          1          2");
            (
                await KafkaTools.RunAsync(
                    cluster,
                    "consumer-groups",
                    "--delete-offsets",
                    "--group",
                    "tool-readers",
                    "--topic",
                    "tool-group:1"
                )
            ).Succeeded();
            (await KafkaTools.RunAsync(cluster, "consumer-groups", "--delete", "--group", "tool-readers")).Succeeded().Saying("successful");
            (await KafkaTools.RunAsync(cluster, "consumer-groups", "--list")).Succeeded().NotSaying("tool-readers");
        });
}
