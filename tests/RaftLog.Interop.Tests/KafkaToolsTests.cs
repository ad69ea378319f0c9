using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Kafka's own tools against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class KafkaToolsTests(SharedCluster shared)
{
    [KafkaToolsFact]
    public Task The_topics_tool_creates_describes_extends_and_deletes() =>
        shared.WatchAsync(async cluster =>
        {
            string[] create =
            [
                "--create",
                "--topic",
                "tool-topic",
                "--partitions",
                "2",
                "--replication-factor",
                "3",
                "--config",
                "retention.ms=3600000",
            ];
            (await KafkaTools.RunAsync(cluster, "topics", create)).Succeeded().Saying("Created topic tool-topic");
            (await KafkaTools.RunAsync(cluster, "topics", create)).Failed().Saying("already exists");
            (await KafkaTools.RunAsync(cluster, "topics", "--alter", "--topic", "tool-topic", "--partitions", "4")).Succeeded();
            await cluster.View.UntilInSyncAsync("tool-topic", partitions: 4, inSync: 3);
            (await KafkaTools.RunAsync(cluster, "topics", "--describe", "--topic", "tool-topic"))
                .Succeeded()
                .Saying("PartitionCount: 4")
                .Saying("ReplicationFactor: 3")
                .Saying("retention.ms=3600000")
                .Saying("Partition: 3");
            (await KafkaTools.RunAsync(cluster, "topics", "--delete", "--topic", "tool-topic")).Succeeded();
            await Poll.UntilAsync(
                "tool-topic is gone from the list",
                async () => !(await KafkaTools.RunAsync(cluster, "topics", "--list")).Succeeded().Lines.Contains("tool-topic")
            );
        });

    [KafkaToolsFact]
    public Task The_configs_tool_changes_and_shows_a_topic_and_a_broker() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-configs", partitions: 1, replicas: 3);
            string[] topic = ["--entity-type", "topics", "--entity-name", "tool-configs"];
            (
                await KafkaTools.RunAsync(
                    cluster,
                    "configs",
                    ["--alter", .. topic, "--add-config", "max.message.bytes=2000000,cleanup.policy=[compact,delete]"]
                )
            ).Succeeded();
            (await KafkaTools.RunAsync(cluster, "configs", ["--describe", .. topic]))
                .Succeeded()
                .Saying("max.message.bytes=2000000")
                .Saying("compact,delete");
            (await KafkaTools.RunAsync(cluster, "configs", ["--alter", .. topic, "--delete-config", "max.message.bytes"])).Succeeded();
            (await KafkaTools.RunAsync(cluster, "configs", ["--describe", .. topic])).Succeeded().NotSaying("max.message.bytes=2000000");
            (await KafkaTools.RunAsync(cluster, "configs", ["--alter", .. topic, "--add-config", "no.such.key=1"])).Failed();
            (await KafkaTools.RunAsync(cluster, "configs", "--describe", "--entity-type", "brokers", "--entity-name", "1", "--all"))
                .Succeeded()
                .Saying("node.id=1");
        });

    [KafkaToolsFact]
    public Task The_offsets_tool_tells_ends_and_times() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-offsets", partitions: 2, replicas: 3);
            Assert.True(await cluster.View.TryProduceAsync("tool-offsets", 1, RawBatches.Of("a", "b", "c")));
            (await KafkaTools.RunAsync(cluster, "get-offsets", "--topic", "tool-offsets"))
                .Succeeded()
                .Saying("tool-offsets:0:0")
                .Saying("tool-offsets:1:3");
            (await KafkaTools.RunAsync(cluster, "get-offsets", "--topic", "tool-offsets", "--time", "earliest"))
                .Succeeded()
                .Saying("tool-offsets:1:0");
            (await KafkaTools.RunAsync(cluster, "get-offsets", "--topic", "tool-offsets", "--time", "max-timestamp"))
                .Succeeded()
                .Saying("tool-offsets:1:2");
            string time = $"{RawBatches.FirstTimestamp + 1}";
            (await KafkaTools.RunAsync(cluster, "get-offsets", "--topic", "tool-offsets", "--time", time))
                .Succeeded()
                .Saying("tool-offsets:1:1");
        });

    [KafkaToolsFact]
    public Task The_quorum_tool_tells_leader_and_lag() =>
        shared.WatchAsync(async cluster =>
        {
            QuorumLeader leader = await cluster.View.ControllerAsync();
            CommandResult status = (await KafkaTools.RunAsync(cluster, "metadata-quorum", "describe", "--status")).Succeeded();
            Assert.Contains(
                status.Lines,
                line =>
                    line.StartsWith("LeaderId:", StringComparison.Ordinal) && line.EndsWith($" {leader.Node.Id}", StringComparison.Ordinal)
            );
            CommandResult replication = (await KafkaTools.RunAsync(cluster, "metadata-quorum", "describe", "--replication")).Succeeded();
            Assert.Equal(
                1,
                replication.Lines.Count(line =>
                    line.Contains("Leader", StringComparison.Ordinal) && !line.StartsWith("NodeId", StringComparison.Ordinal)
                )
            );
            Assert.Equal(2, replication.Lines.Count(line => line.Contains("Follower", StringComparison.Ordinal)));
        });

    [KafkaToolsFact]
    public Task The_cluster_tool_tells_the_id_and_the_versions_tool_the_apis() =>
        shared.WatchAsync(async cluster =>
        {
            (await KafkaTools.RunAsync("cluster", ["cluster-id", "--bootstrap-server", cluster.Bootstrap]))
                .Succeeded()
                .Saying("Cluster ID: ");
            (await KafkaTools.RunAsync("cluster", ["list-endpoints", "--bootstrap-server", cluster.Bootstrap]))
                .Succeeded()
                .Saying(cluster.Nodes[2].Port.ToString());
            CommandResult versions = (await KafkaTools.RunAsync(cluster, "broker-api-versions")).Succeeded();
            Assert.Equal(3, versions.Lines.Count(line => line.Contains("(id: ", StringComparison.Ordinal)));
            versions.Saying("Produce(0): 0 to ").Saying("Fetch(1): 4 to 18").Saying("Metadata(3): 0 to ");
        });

    [KafkaToolsFact]
    public Task The_features_tool_shows_checks_and_changes_the_levels_of_what_is_built() =>
        shared.WatchAsync(async cluster =>
        {
            (await KafkaTools.RunAsync(cluster, "features", "describe"))
                .Succeeded()
                .Saying("transaction.version")
                .Saying("group.version")
                .NotSaying("share.version")
                .NotSaying("streams.version")
                .NotSaying("eligible.leader.replicas.version");
            (await KafkaTools.RunAsync(cluster, "features", "upgrade", "--feature", "share.version=1"))
                .Failed()
                .Saying("Could not upgrade share.version to 1");
            (await KafkaTools.RunAsync(cluster, "features", "upgrade", "--release-version", "4.3-IV0"))
                .Failed()
                .Saying("eligible.leader.replicas.version");
            (await KafkaTools.RunAsync(cluster, "features", "downgrade", "--feature", "transaction.version=1", "--dry-run"))
                .Succeeded()
                .Saying("transaction.version can be downgraded to 1.");
            (await KafkaTools.RunAsync(cluster, "features", "disable", "--feature", "group.version"))
                .Succeeded()
                .Saying("group.version was disabled.");
            (await KafkaTools.RunAsync(cluster, "features", "upgrade", "--feature", "group.version=1"))
                .Succeeded()
                .Saying("group.version was upgraded to 1.");
            (await KafkaTools.RunAsync(cluster, "features", "downgrade", "--feature", "metadata.version=29"))
                .Failed()
                .Saying("Could not downgrade metadata.version to 29");
        });

    [KafkaToolsFact]
    public Task The_performance_producer_runs_to_its_end() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-perf", partitions: 3, replicas: 3);
            string[] arguments =
            [
                "--topic",
                "tool-perf",
                "--num-records",
                "20000",
                "--record-size",
                "1000",
                "--throughput",
                "-1",
                "--producer-props",
                $"bootstrap.servers={cluster.Bootstrap}",
                "acks=all",
                "compression.type=zstd",
            ];
            (await KafkaTools.RunAsync("producer-perf", arguments)).Succeeded().Saying("20000 records sent").NotSaying("exception");
            Assert.Equal(20000, (await cluster.View.EndOffsetsAsync("tool-perf", 3)).Sum());
        });

    [KafkaToolsFact]
    public Task The_verifiable_producer_gets_every_record_acknowledged() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-verifiable", partitions: 3, replicas: 3);
            string[] arguments = ["--topic", "tool-verifiable", "--max-messages", "2000", "--throughput", "-1", "--acks", "-1"];
            CommandResult result = (await KafkaTools.RunAsync(cluster, "verifiable-producer", arguments)).Succeeded();
            result.Saying("\"sent\":2000").Saying("\"acked\":2000");
            Assert.Equal(2000, (await cluster.View.EndOffsetsAsync("tool-verifiable", 3)).Sum());
        });

    [KafkaToolsFact]
    public Task The_election_tool_brings_the_preferred_leader_back() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("tool-election", partitions: 3, replicas: 3);
            int preferred = (await cluster.View.TopicAsync("tool-election"))
                .Partitions.Single(p => p.PartitionIndex == 0)
                .ReplicaNodes[0]
                .Value;
            NodeProcess node = cluster.Node(preferred);
            await node.KillAsync();
            await Poll.UntilAsync(
                "another leader of tool-election-0",
                async () => await cluster.View.LeaderAsync("tool-election", 0) is { } other && other != node
            );
            await node.RestartAsync();
            await cluster.View.UntilInSyncAsync("tool-election", partitions: 3, inSync: 3);
            string[] arguments = ["--election-type", "preferred", "--topic", "tool-election", "--partition", "0"];
            (await KafkaTools.RunAsync(cluster, "leader-election", arguments)).Succeeded();
            Assert.Equal(preferred, (await cluster.View.LeaderAsync("tool-election", 0))?.Id);
        });
}
