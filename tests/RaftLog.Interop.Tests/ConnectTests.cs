using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>
/// Kafka Connect, distributed and with exactly-once sources (KIP-618), unchanged against three nodes: its internal topics, its group, and
/// the transactions of its sources.
/// </summary>
[Collection(SharedClusterCollection.Name)]
public sealed class ConnectTests(SharedCluster shared)
{
    private const int Step = 200;

    [KafkaToolsFact]
    public Task A_distributed_source_writes_each_line_once_while_a_node_is_killed_and_a_worker_is_paused() =>
        shared.WatchAsync(async cluster =>
        {
            const string Group = "connect-lines";
            const string Topic = "connect-lines";
            string source = Path.Combine(cluster.Scratch, "lines-in.txt");
            string sink = Path.Combine(cluster.Scratch, "lines-out.txt");
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 3);
            await AppendAsync(source, 0);
            using ConnectWorker one = await ConnectWorker.StartAsync(cluster, Group);
            using ConnectWorker two = await ConnectWorker.StartAsync(cluster, Group);
            await one.ConfigureAsync(
                "reader",
                new Dictionary<string, string>
                {
                    ["connector.class"] = "org.apache.kafka.connect.file.FileStreamSourceConnector",
                    ["tasks.max"] = "1",
                    ["file"] = source,
                    ["topic"] = Topic,
                    ["exactly.once.support"] = "required",
                    ["transaction.boundary"] = "poll",
                }
            );
            await two.ConfigureAsync(
                "writer",
                new Dictionary<string, string>
                {
                    ["connector.class"] = "org.apache.kafka.connect.file.FileStreamSinkConnector",
                    ["tasks.max"] = "1",
                    ["file"] = sink,
                    ["topics"] = Topic,
                }
            );
            await UntilWrittenAsync(sink, 1);
            NodeProcess node = (await cluster.View.LeaderAsync(Topic, 0))!;
            await node.KillAsync();
            await AppendAsync(source, 1);
            await UntilWrittenAsync(sink, 2);
            await node.RestartAsync();

            // A paused worker loses its tasks; when it goes on, its producer is fenced.
            ConnectWorker paused = (await one.RunningOnAsync("reader"))[0] == one.Id ? one : two;
            ConnectWorker other = paused == one ? two : one;
            paused.Send(Signal.Stop);
            await AppendAsync(source, 2);
            await Poll.UntilAsync("the other worker reads", async () => (await other.RunningOnAsync("reader")).SequenceEqual([other.Id]));
            await UntilWrittenAsync(sink, 3);
            paused.Send(Signal.Continue);
            await AppendAsync(source, 3);
            await UntilWrittenAsync(sink, 4);
            await Poll.UntilAsync("a task that runs", async () => (await other.RunningOnAsync("reader")).Count == 1);
            await Task.WhenAll(one.StopAsync(), two.StopAsync());

            Assert.Equal(Lines(0, 4), await ReadAsync(cluster, Topic));
        });

    private static IEnumerable<string> Lines(int step, int steps) => Enumerable.Range(step * Step, steps * Step).Select(i => $"line {i}");

    private static Task AppendAsync(string file, int step) => File.AppendAllLinesAsync(file, Lines(step, 1));

    // A sink may write a line again after a failure: each must be there.
    private static Task UntilWrittenAsync(string file, int steps) =>
        Poll.UntilAsync($"{steps * Step} lines in {file}", () => Lines(0, steps).ToHashSet().IsSubsetOf(File.ReadAllLines(file)));

    private static async Task<string[]> ReadAsync(Cluster cluster, string topic) =>
        (
            await Kcat.RunAsync(
                cluster,
                ["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed", "-f", "%s\n"]
            )
        )
            .Succeeded()
            .Lines;
}
