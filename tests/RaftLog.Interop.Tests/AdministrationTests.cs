using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>RaftLog's commands about configuration and moves of partitions, beside Kafka's tools on the same three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class AdministrationTests(SharedCluster shared)
{
    [Fact]
    public Task Config_commands_set_show_and_delete_what_a_resource_has() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("configured", partitions: 1, replicas: 3);
            await RunAsync(cluster, "config", "set", "topic", "configured", "retention.ms=60000", "cleanup.policy=delete,compact");
            (await RunAsync(cluster, "config", "describe", "topic", "configured"))
                .Saying("retention.ms")
                .Saying("60000")
                .Saying("delete,compact")
                .NotSaying("segment.ms");
            (await RunAsync(cluster, "config", "describe", "topic", "configured", "--all")).Saying("segment.ms");
            await RunAsync(cluster, "config", "set", "topic", "configured", "retention.ms=1", "--validate-only");
            await RunAsync(cluster, "config", "delete", "topic", "configured", "cleanup.policy");
            (await RunAsync(cluster, "config", "describe", "topic", "configured", "--json"))
                .Saying("\"value\":\"60000\"")
                .NotSaying("compact");
            await RunAsync(cluster, "config", "set", "broker", "all", "log.retention.ms=70000");
            (await RunAsync(cluster, "config", "describe", "broker", "2")).Saying("log.retention.ms").Saying("70000").Saying("all brokers");
            await RunAsync(cluster, "config", "delete", "broker", "all", "log.retention.ms");
            await RunAsync(cluster, "config", "set", "group", "some-group", "consumer.session.timeout.ms=50000");
            (await RunAsync(cluster, "config", "describe", "group", "some-group")).Saying("50000").Saying("the group");
            (await FailAsync(cluster, "config", "set", "topic", "configured", "no.such.key=1")).Saying("no.such.key");
            (await FailAsync(cluster, "config", "describe", "cluster", "x")).Saying("topic, broker, group, client-metrics");
            (await FailAsync(cluster, "config", "describe", "broker", "one")).Saying("by its id");
        });

    [KafkaToolsFact]
    public Task Partitions_move_as_planned_and_Kafkas_tool_reads_the_same_plan() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("moved", partitions: 6, replicas: 2);
            string plan = Path.Combine(cluster.Scratch, "plan.json");
            CommandResult planned = await RunAsync(cluster, "partition", "reassign", "plan", "--topics", "moved", "--brokers", "2,3");
            await File.WriteAllTextAsync(plan, planned.Output);
            await RunAsync(cluster, "partition", "reassign", "execute", plan, "--wait");
            (await RunAsync(cluster, "partition", "reassign", "verify", plan)).Saying("done").NotSaying("moving").NotSaying("elsewhere");
            (await RunAsync(cluster, "topic", "describe", "moved")).NotSaying("1,").NotSaying(",1");
            (await KafkaTools.RunAsync(cluster, "reassign-partitions", "--reassignment-json-file", plan, "--verify"))
                .Succeeded()
                .Saying("moved-0 is completed");
            (await RunAsync(cluster, "partition", "reassign", "cancel", plan)).Saying("nothing of this plan is moving");

            // A plan of what is elsewhere, and one of what there is not.
            await File.WriteAllTextAsync(
                plan,
                """{"version":1,"partitions":[{"topic":"moved","partition":0,"replicas":[1]},{"topic":"none","partition":0,"replicas":[1]}]}"""
            );
            (await FailAsync(cluster, "partition", "reassign", "verify", plan))
                .Saying("elsewhere, and not moving")
                .Saying("no such partition");
            (await FailAsync(cluster, "partition", "reassign", "execute", plan)).Saying("none-0");
            (await FailAsync(cluster, "partition", "reassign", "plan", "--topics", "moved", "--brokers", "7")).Saying("--brokers 7");
        });

    [Fact]
    public Task A_move_to_a_broker_that_is_down_goes_on_until_it_is_cancelled() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("stuck", partitions: 2, replicas: 1);
            NodeProcess away = cluster.Nodes.First(node => node.Id != 1);
            string plan = Path.Combine(cluster.Scratch, "stuck.json");
            await File.WriteAllTextAsync(
                plan,
                $$"""
                {"version":1,"partitions":[{"topic":"stuck","partition":0,"replicas":[1,{{away.Id}}]},{"topic":"stuck","partition":1,"replicas":[1,{{away.Id}}]}]}
                """
            );
            await away.KillAsync();
            await RunAsync(cluster, "partition", "reassign", "execute", plan);
            (await FailAsync(cluster, "partition", "reassign", "verify", plan)).Saying("moving").Saying("of 2");
            (await RunAsync(cluster, "partition", "reassign", "cancel", plan)).Saying("stopped: ");
            (await FailAsync(cluster, "partition", "reassign", "verify", plan)).NotSaying("moving   ");
            await away.RestartAsync();
            await cluster.View.UntilBrokersAsync(3);
        });

    private static async Task<CommandResult> RunAsync(Cluster cluster, params string[] command) =>
        (await CommandAsync(cluster, command)).Succeeded();

    private static async Task<CommandResult> FailAsync(Cluster cluster, params string[] command) =>
        (await CommandAsync(cluster, command)).Failed();

    private static Task<CommandResult> CommandAsync(Cluster cluster, string[] command) =>
        Command.RunAsync(Repository.RaftLog, [.. command, "--bootstrap-server", cluster.Bootstrap]);
}
