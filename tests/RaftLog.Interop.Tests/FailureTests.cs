using System.Globalization;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests;

/// <summary>Nodes that are killed while clients write. Each test has a cluster of its own.</summary>
public sealed class FailureTests(ITestOutputHelper output)
{
    private const string Topic = "kept";

    [KcatFact]
    public Task Killing_the_leader_of_a_partition_loses_repeats_and_reorders_nothing() =>
        OnThreeNodesAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 3);
            await WriteAroundAsync(
                cluster,
                1,
                async () =>
                {
                    NodeProcess victim = await cluster.View.LeaderAsync(Topic, 0) ?? throw new XunitException($"{Topic}-0 has no leader");
                    return await KillAsync(cluster, victim, "the partition's leader");
                }
            );
        });

    [KcatFact]
    public Task Killing_the_active_controller_loses_repeats_and_reorders_nothing() =>
        OnThreeNodesAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync(Topic, partitions: 3, replicas: 3);
            await WriteAroundAsync(
                cluster,
                3,
                async () => await KillAsync(cluster, (await cluster.View.ControllerAsync()).Node, "the active controller")
            );
        });

    [PythonFact]
    public Task Killing_all_nodes_at_once_loses_and_repeats_nothing_that_was_acknowledged() =>
        OnThreeNodesAsync(async cluster =>
        {
            const int Partitions = 3;
            const int Records = 60_000;
            await cluster.View.CreateTopicAsync(Topic, Partitions, replicas: 3);
            using Command producer = PythonClients.Start("acknowledged.py", cluster.Bootstrap, Topic, $"{Records}");
            await UntilWrittenAsync(cluster, Partitions, Records / 6);
            foreach (NodeProcess node in cluster.Nodes)
            {
                node.Send(Signal.Kill);
            }

            await Poll.UntilAsync("all nodes are dead", () => cluster.Nodes.TrueForAll(node => !node.IsRunning));
            cluster.Nodes.ForEach(node => node.Start());
            await Task.WhenAll(cluster.Nodes.Select(node => node.WaitUntilReadyAsync()));
            CommandResult produced = (await producer.EndAsync(TimeSpan.FromSeconds(150))).Succeeded();
            await cluster.View.UntilInSyncAsync(Topic, Partitions, inSync: 3);

            CommandResult read = (await Kcat.RunAsync(cluster, ["-C", "-t", Topic, "-e", "-q"])).Succeeded();
            HashSet<string> stored = [];
            foreach (string value in read.Lines)
            {
                Assert.True(stored.Add(value), $"record {value} is there twice");
            }

            HashSet<string> acknowledged = [.. produced.Lines];
            acknowledged.ExceptWith(stored);
            Assert.True(
                acknowledged.Count == 0,
                $"{acknowledged.Count} acknowledged records are lost, such as {acknowledged.FirstOrDefault()}"
            );
            Assert.Equal(Records, produced.Lines.Length);
            await MustAgreeAsync(cluster, Partitions);
        });

    private static async Task MustAgreeAsync(Cluster cluster, int partitions)
    {
        long[] ends = await cluster.View.EndOffsetsAsync(Topic, partitions);
        for (int partition = 0; partition < partitions; partition++)
        {
            SegmentFiles.MustAgree(cluster.Nodes, Topic, partition, ends[partition]);
        }
    }

    private static Task UntilWrittenAsync(Cluster cluster, int partitions, long records) =>
        Poll.UntilAsync(
            $"{records} records in {Topic}",
            async () => (await cluster.View.EndOffsetsAsync(Topic, partitions)).Sum() >= records
        );

    private static async Task OnThreeNodesAsync(Func<Cluster, Task> test)
    {
        using Cluster cluster = await Cluster.StartAsync(3);
        await cluster.WatchAsync(test);
    }

    /// <summary>Feeds half of a stream, does something to the cluster, feeds the rest, and checks all of it.</summary>
    private static async Task WriteAroundAsync(Cluster cluster, int partitions, Func<Task<NodeProcess>> kill)
    {
        using Command producer = Kcat.Start(cluster, NumberedLines.Producer(Topic));
        await NumberedLines.WriteAsync(producer.Input, 0, NumberedLines.Count / 2);
        await UntilWrittenAsync(cluster, partitions, NumberedLines.Count / 10);
        Task rest = Task.Run(async () =>
        {
            await NumberedLines.WriteAsync(producer.Input, NumberedLines.Count / 2, NumberedLines.Count);
            producer.Input.Close();
        });
        NodeProcess victim = await kill();
        await rest;
        (await producer.EndAsync()).Succeeded();
        await victim.RestartAsync();
        await cluster.View.UntilInSyncAsync(Topic, partitions, inSync: 3);
        await NumberedLines.MustBeWholeAsync(cluster, Topic);
        await MustAgreeAsync(cluster, partitions);
    }

    /// <summary>Kills a node, and tells how long partition 0 took no write.</summary>
    private async Task<NodeProcess> KillAsync(Cluster cluster, NodeProcess victim, string role)
    {
        int attempts = 0;
        long start = TimeProvider.System.GetTimestamp();
        await victim.KillAsync();
        await Poll.UntilAsync(
            "an acknowledged write after the kill",
            async () =>
            {
                string probe = string.Create(CultureInfo.InvariantCulture, $"{NumberedLines.ProbePrefix} {attempts++}");
                return await cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of(probe));
            }
        );
        TimeSpan pause = TimeProvider.System.GetElapsedTime(start);
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"node {victim.Id}, {role}, killed: {Topic}-0 took no write for {pause.TotalMilliseconds:0} ms"
        );
        output.WriteLine(line);
        Console.WriteLine(line);
        return victim;
    }
}
