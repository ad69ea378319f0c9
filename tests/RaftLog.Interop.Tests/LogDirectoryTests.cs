using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>Replicas in the log directories of a broker, placed by plans of RaftLog's command and of Kafka's tool.</summary>
public sealed class LogDirectoryTests
{
    private const string Topic = "placed";

    [KafkaToolsFact]
    public async Task A_plan_moves_replicas_between_log_directories_as_Kafkas_tool_does()
    {
        string root = Directory.CreateTempSubdirectory("raftlog-dirs-").FullName;
        string[] directories = [Path.Combine(root, "a"), Path.Combine(root, "b")];
        using (Cluster cluster = await Cluster.StartAsync(1, data: string.Join(',', directories)))
        {
            await cluster.WatchAsync(async _ =>
            {
                await cluster.View.CreateTopicAsync(Topic, partitions: 2, replicas: 1);
                Assert.True(await cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of("one")));
                string plan = Path.Combine(cluster.Scratch, "plan.json");
                string other = directories.Single(each => !Directory.Exists(Path.Combine(each, $"{Topic}-0")));
                await File.WriteAllTextAsync(plan, PlanTo(other));
                (await CommandAsync(cluster, "verify", plan)).Failed().Saying("in another log directory, and not moving");
                (await CommandAsync(cluster, "execute", plan, "--wait")).Succeeded();
                (await CommandAsync(cluster, "verify", plan)).Succeeded().Saying("done");
                await UntilInAsync(other);
                (await KafkaTools.RunAsync(cluster, "reassign-partitions", "--reassignment-json-file", plan, "--verify"))
                    .Succeeded()
                    .Saying($"{Topic}-0-1 completed successfully");

                string back = directories.Single(each => each != other);
                await File.WriteAllTextAsync(plan, PlanTo(back));
                (
                    await KafkaTools.RunAsync(
                        cluster,
                        "reassign-partitions",
                        "--reassignment-json-file",
                        plan,
                        "--execute",
                        "--timeout",
                        "60000"
                    )
                ).Succeeded();
                await UntilInAsync(back);
                (await CommandAsync(cluster, "verify", plan)).Succeeded().Saying("done");

                await File.WriteAllTextAsync(plan, PlanTo("/nowhere"));
                (await CommandAsync(cluster, "execute", plan)).Failed().Saying($"{Topic}-0 cannot lie in /nowhere of broker 1");
            });
        }

        Directory.Delete(root, recursive: true);

        string PlanTo(string directory) =>
            $$"""{"version":1,"partitions":[{"topic":"{{Topic}}","partition":0,"replicas":[1],"log_dirs":["{{directory}}"]}]}""";

        Task UntilInAsync(string directory) =>
            Poll.UntilAsync(
                $"the replica lies in {directory}, and nowhere else",
                () => directories.All(each => Directory.Exists(Path.Combine(each, $"{Topic}-0")) == (each == directory))
            );
    }

    private static Task<CommandResult> CommandAsync(Cluster cluster, params string[] command) =>
        Command.RunAsync(Repository.RaftLog, ["partition", "reassign", .. command, "--bootstrap-server", cluster.Bootstrap]);
}
