using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol.Compression;

namespace RaftLog.Interop.Tests;

/// <summary>kafkajs against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class KafkaJsTests(SharedCluster shared)
{
    [KafkaJsFact]
    public Task KafkaJs_creates_lists_produces_gzip_through_every_node_and_reads_offsets() =>
        shared.WatchAsync(async cluster =>
        {
            const string Topic = "from-kafkajs";
            CommandResult result = (
                await KafkaJs.RunAsync("admin-and-produce.js", [Topic, .. cluster.Nodes.Select(node => node.Address)])
            ).Succeeded();
            using JsonDocument seen = JsonDocument.Parse(result.Lines[^1]);
            Assert.True(seen.RootElement.GetProperty("created").GetBoolean());
            Assert.True(seen.RootElement.GetProperty("listed").GetBoolean());
            Assert.Equal(3, seen.RootElement.GetProperty("brokers").GetInt32());
            Assert.Equal(3, seen.RootElement.GetProperty("partitions").GetInt32());
            for (int partition = 0; partition < 3; partition++)
            {
                Assert.Equal(100, seen.RootElement.GetProperty("ends").GetProperty($"{partition}").GetInt32());
                foreach (NodeProcess node in cluster.Nodes)
                {
                    Assert.All(SegmentFiles.Read(node, Topic, partition), batch => Assert.Equal(CompressionType.Gzip, batch.Compression));
                }
            }
        });

    [KafkaJsWithKafkaFact]
    public Task Every_administrative_function_of_kafkajs_says_what_it_says_with_Kafka() =>
        shared.WatchAsync(async cluster =>
        {
            // Half of the time is kafkajs waiting inside its own calls: both at once.
            await using MixedCluster kafka = await MixedCluster.StartAsync(true, true, true);
            string[][] steps = await Task.WhenAll(StepsAsync(kafka.Bootstrap), StepsAsync(cluster.Bootstrap));

            Assert.Equal(80, steps[0].Length);
            string difference = LineDifference.Of(string.Join('\n', steps[0]), string.Join('\n', steps[1]));
            Assert.True(difference.Length == 0, difference);
        });

    private static async Task<string[]> StepsAsync(string bootstrap) =>
        (await KafkaJs.RunAsync("admin.js", bootstrap.Split(','))).Succeeded().Lines;
}
