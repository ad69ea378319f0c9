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
            const string Script = "admin.js";
            string[] withKafka;
            await using (MixedCluster kafka = await MixedCluster.StartAsync(true, true, true))
            {
                withKafka = (await KafkaJs.RunAsync(Script, kafka.Bootstrap.Split(','))).Succeeded().Lines;
            }

            string[] withRaftLog = (await KafkaJs.RunAsync(Script, cluster.Bootstrap.Split(','))).Succeeded().Lines;

            Assert.True(withKafka.Length > 80, $"{withKafka.Length} steps");
            Assert.Equal("", LineDifference.Of(string.Join('\n', withKafka), string.Join('\n', withRaftLog)));
        });
}
