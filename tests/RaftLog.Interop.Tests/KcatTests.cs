using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Interop.Tests;

/// <summary>kcat against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class KcatTests(SharedCluster shared)
{
    private const int LargeRecord = 990_000;

    [KcatFact]
    public Task Kcat_lists_brokers_and_topics_from_every_node() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("listed", partitions: 3, replicas: 3);
            foreach (NodeProcess node in cluster.Nodes)
            {
                CommandResult listed = (await Kcat.RunAsync(node, ["-L", "-J"])).Succeeded();
                using JsonDocument json = JsonDocument.Parse(listed.Output);
                Assert.Equal(3, json.RootElement.GetProperty("brokers").GetArrayLength());
                JsonElement topic = json
                    .RootElement.GetProperty("topics")
                    .EnumerateArray()
                    .Single(t => t.GetProperty("topic").GetString() == "listed");
                Assert.Equal(3, topic.GetProperty("partitions").GetArrayLength());
                Assert.All(topic.GetProperty("partitions").EnumerateArray(), p => Assert.Equal(3, p.GetProperty("isrs").GetArrayLength()));
            }
        });

    [KcatFact]
    public Task Kcat_creates_topics_produces_and_reads_offsets_through_every_node() =>
        shared.WatchAsync(async cluster =>
        {
            foreach (NodeProcess node in cluster.Nodes)
            {
                string topic = $"made-by-{node.Id}";
                (await Kcat.RunAsync(node, ["-P", "-t", topic, "-X", "acks=all"], "one\ntwo\nthree\n")).Succeeded();
                (await Kcat.RunAsync(node, ["-Q", "-t", $"{topic}:0:-1"])).Succeeded().Saying($"{topic} [0] offset 3");
                (await Kcat.RunAsync(node, ["-Q", "-t", $"{topic}:0:-2"])).Succeeded().Saying($"{topic} [0] offset 0");
                CommandResult read = (await Kcat.RunAsync(node, ["-C", "-t", topic, "-e", "-q"])).Succeeded();
                Assert.Equal(["one", "two", "three"], read.Lines);
            }
        });

    [KcatFact]
    public Task Kcat_consumes_from_an_offset_and_from_a_time() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("timed", partitions: 1, replicas: 3);
            for (int i = 0; i < 10; i++)
            {
                long time = RawBatches.FirstTimestamp + (10_000L * i);
                Assert.True(
                    await cluster.View.TryProduceAsync(
                        "timed",
                        0,
                        RawBatches.Of(ProducerStamp.None, CompressionType.None, time, $"a{i}", $"b{i}")
                    )
                );
            }

            CommandResult byOffset = (
                await Kcat.RunAsync(cluster, ["-C", "-t", "timed", "-p", "0", "-o", "17", "-e", "-q", "-f", "%o %s\\n"])
            ).Succeeded();
            Assert.Equal(["17 b8", "18 a9", "19 b9"], byOffset.Lines);
            CommandResult tail = (
                await Kcat.RunAsync(cluster, ["-C", "-t", "timed", "-p", "0", "-o", "-2", "-e", "-q", "-f", "%o %s\\n"])
            ).Succeeded();
            Assert.Equal(["18 a9", "19 b9"], tail.Lines);
            string from = $"s@{RawBatches.FirstTimestamp + 70_001}";
            CommandResult byTime = (
                await Kcat.RunAsync(cluster, ["-C", "-t", "timed", "-p", "0", "-o", from, "-e", "-q", "-f", "%T %s\\n"])
            ).Succeeded();
            Assert.Equal($"{RawBatches.FirstTimestamp + 71_000} b7", byTime.Lines[0]);
            Assert.Equal(5, byTime.Lines.Length);
        });

    [KcatFact]
    public Task Every_codec_of_kcat_is_stored_as_it_came() =>
        shared.WatchAsync(async cluster =>
        {
            string input = string.Concat(
                Enumerable.Range(0, 200).Select(i => $"line {i} that compresses that compresses that compresses\n")
            );
            foreach (
                CompressionType codec in (CompressionType[])
                    [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd]
            )
            {
                string name = codec.ToString().ToLowerInvariant();
                string topic = $"codec-{name}";
                await cluster.View.CreateTopicAsync(topic, partitions: 1, replicas: 3);
                string[] produce = ["-P", "-t", topic, "-z", name, "-X", "linger.ms=100", "-X", "acks=all"];
                (await Kcat.RunAsync(cluster, produce, input)).Succeeded();
                CommandResult read = (await Kcat.RunAsync(cluster, ["-C", "-t", topic, "-e", "-q"])).Succeeded();
                Assert.Equal(input, read.Output);
                foreach (NodeProcess node in cluster.Nodes)
                {
                    Assert.All(SegmentFiles.Read(node, topic, 0), batch => Assert.Equal(codec, batch.Compression));
                    Assert.NotEmpty(SegmentFiles.Read(node, topic, 0));
                }
            }
        });

    [KcatFact]
    public Task Keys_headers_and_empty_values_come_back() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("keyed", partitions: 1, replicas: 3);
            string[] produce = ["-P", "-t", "keyed", "-K", "=", "-H", "colour=green", "-H", "size=\u00fcber", "-Z"];
            (await Kcat.RunAsync(cluster, produce, "a=1\nb=2\nc=\n")).Succeeded();
            CommandResult read = (await Kcat.RunAsync(cluster, ["-C", "-t", "keyed", "-e", "-q", "-f", "%k|%s|%S|%h\\n"])).Succeeded();
            Assert.Equal(
                ["a|1|1|colour=green,size=\u00fcber", "b|2|1|colour=green,size=\u00fcber", "c||-1|colour=green,size=\u00fcber"],
                read.Lines
            );
        });

    [KcatFact]
    public Task A_record_of_990000_bytes_comes_back_whole() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("large", partitions: 1, replicas: 3);
            string file = Path.Combine(cluster.Scratch, "large.bin");
            string text = string.Concat(Enumerable.Range(0, LargeRecord / 10).Select(i => $"{i:0000000000}"));
            await File.WriteAllTextAsync(file, text);
            (await Kcat.RunAsync(cluster, ["-P", "-t", "large", "-X", "acks=all", file, file, file])).Succeeded();
            CommandResult read = (await Kcat.RunAsync(cluster, ["-C", "-t", "large", "-e", "-q"])).Succeeded();
            Assert.Equal([text, text, text], read.Lines);
        });

    [KcatFact]
    public Task A_hundred_thousand_lines_come_out_whole_once_and_in_order() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("many", partitions: 6, replicas: 3);
            using Command producer = Kcat.Start(cluster, NumberedLines.Producer("many"));
            await NumberedLines.WriteAsync(producer.Input, 0, NumberedLines.Count);
            producer.Input.Close();
            (await producer.EndAsync()).Succeeded();
            await NumberedLines.MustBeWholeAsync(cluster, "many");
            long[] ends = await cluster.View.EndOffsetsAsync("many", 6);
            for (int partition = 0; partition < ends.Length; partition++)
            {
                SegmentFiles.MustAgree(cluster.Nodes, "many", partition, ends[partition]);
            }
        });
}
