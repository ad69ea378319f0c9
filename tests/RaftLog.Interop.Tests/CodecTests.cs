using System.Text;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Roles;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Interop.Tests;

/// <summary>What RaftLog.Client writes with each codec others read, and the other way round: keys, headers, null and empty.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class CodecTests(SharedCluster shared)
{
    private static readonly string Long = string.Concat(Enumerable.Repeat("it compresses ", 100));

    [KcatFact]
    public Task Librdkafka_reads_what_our_client_writes() =>
        shared.WatchAsync(async cluster =>
        {
            foreach (CompressionType codec in Enum.GetValues<CompressionType>())
            {
                string topic = await WriteAsync(cluster, "ours-to-librdkafka", codec);
                CommandResult read = (
                    await Kcat.RunAsync(cluster, ["-C", "-t", topic, "-e", "-q", "-f", "%K[%k] %S[%s] {%h}\\n"])
                ).Succeeded();
                Assert.Equal(
                    [$"1[k] {Long.Length}[{Long}] {{a=1,empty=,none=NULL}}", "-1[] 1[v] {}", "0[] 0[] {}", "4[gone] -1[] {}"],
                    read.Lines
                );
            }
        });

    [KcatFact]
    public Task Our_client_reads_what_librdkafka_writes() =>
        shared.WatchAsync(async cluster =>
        {
            foreach (CompressionType codec in Enum.GetValues<CompressionType>())
            {
                string name = codec.ToString().ToLowerInvariant();
                string topic = $"librdkafka-to-ours-{name}";
                await cluster.View.CreateTopicAsync(topic, partitions: 1, replicas: 3);
                string[] produce = ["-P", "-t", topic, "-z", name, "-X", "acks=all", "-X", "linger.ms=100"];
                (await Kcat.RunAsync(cluster, [.. produce, "-K", "=", "-Z", "-H", "a=1", "-H", "none"], $"k={Long}\ngone=\n")).Succeeded();
                (await Kcat.RunAsync(cluster, produce, $"{Long}\n")).Succeeded();

                Assert.Equal([$"k {Long} a=1 none=null", "gone null a=1 none=null", $"null {Long} "], await ReadAsync(cluster, topic, 3));
                Assert.All(SegmentFiles.Read(cluster.Nodes[0], topic, 0), batch => Assert.Equal(codec, batch.Compression));
            }
        });

    [KafkaToolsFact]
    public Task Kafkas_client_reads_what_our_client_writes() =>
        shared.WatchAsync(async cluster =>
        {
            foreach (CompressionType codec in Enum.GetValues<CompressionType>())
            {
                string topic = await WriteAsync(cluster, "ours-to-java", codec);
                string[] arguments = ["--topic", topic, "--from-beginning", "--max-messages", "4"];
                string[] shown = ["print.key=true", "print.headers=true", "null.literal=NULL", "key.separator=|", "headers.separator=,"];
                CommandResult read = (
                    await KafkaTools.RunAsync(
                        cluster,
                        "console-consumer",
                        [.. arguments, .. shown.SelectMany(property => (string[])["--formatter-property", property])]
                    )
                ).Succeeded();
                Assert.Equal([$"a:1,empty:,none:NULL|k|{Long}", "NO_HEADERS|NULL|v", "NO_HEADERS||", "NO_HEADERS|gone|NULL"], read.Lines);
            }
        });

    [KafkaToolsFact]
    public Task Our_client_reads_what_Kafkas_client_writes() =>
        shared.WatchAsync(async cluster =>
        {
            foreach (CompressionType codec in Enum.GetValues<CompressionType>())
            {
                string name = codec.ToString().ToLowerInvariant();
                string topic = $"java-to-ours-{name}";
                await cluster.View.CreateTopicAsync(topic, partitions: 1, replicas: 3);
                string[] read = ["parse.key=true", "parse.headers=true", "null.marker=NIL"];
                using Command producer = KafkaTools.Start(
                    "console-producer",
                    [
                        "--bootstrap-server",
                        cluster.Bootstrap,
                        "--topic",
                        topic,
                        "--compression-codec",
                        name,
                        .. read.SelectMany(property => (string[])["--reader-property", property]),
                    ]
                );
                await producer.Input.WriteAsync($"a:1,none:NIL\tk\t{Long}\nNIL\tNIL\tv\nNIL\t\t\nNIL\tgone\tNIL\n");
                producer.Input.Close();
                (await producer.EndAsync()).Succeeded();

                Assert.Equal([$"k {Long} a=1 none=null", "null v ", "  ", "gone null "], await ReadAsync(cluster, topic, 4));
                Assert.All(SegmentFiles.Read(cluster.Nodes[0], topic, 0), batch => Assert.Equal(codec, batch.Compression));
            }
        });

    /// <summary>gzip is the one codec that kafkajs has of its own.</summary>
    [KafkaJsFact]
    public Task Kafkajs_and_our_client_read_each_others_gzip() =>
        shared.WatchAsync(async cluster =>
        {
            const string Theirs = "kafkajs-to-ours";
            (await KafkaJs.RunAsync("admin-and-produce.js", [Theirs, .. cluster.Nodes.Select(node => node.Address)])).Succeeded();
            Assert.All(SegmentFiles.Read(cluster.Nodes[0], Theirs, 0), batch => Assert.Equal(CompressionType.Gzip, batch.Compression));
            string broker = cluster.Nodes[0].Address;
            Assert.Equal(
                Enumerable.Range(0, 100).Select(i => $"key-{i} {$"0-{i}".PadRight(200, '.')} from={broker}"),
                await ReadAsync(cluster, Theirs, 100)
            );

            const string Ours = "ours-to-kafkajs";
            await cluster.View.CreateTopicAsync(Ours, partitions: 1, replicas: 3);
            using KafkaCluster client = Connect(cluster);
            await using Producer producer = client.CreateProducer(
                new ProducerOptions { Compression = CompressionType.Gzip, Linger = TimeSpan.FromMilliseconds(100) }
            );
            await Task.WhenAll(
                Enumerable.Range(0, 100).Select(i => producer.ProduceAsync(Ours, new ProducerRecord(Bytes(Long), Bytes($"{i}"))).AsTask())
            );
            Assert.All(SegmentFiles.Read(cluster.Nodes[0], Ours, 0), batch => Assert.Equal(CompressionType.Gzip, batch.Compression));
            using Command member = RoleClient.KafkaJs.Member(cluster, Ours, Ours, "");
            await Poll.UntilAsync("kafkajs has read them", () => member.Said.Count(static each => each == '\n') >= 100);
            member.Send(TestKit.Signal.Terminate);
            (await member.EndAsync()).Succeeded();
            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"0 {i} {Long} {i}"), member.Said.Split('\n')[..^1]);
        });

    private static async Task<string> WriteAsync(Cluster cluster, string topic, CompressionType codec)
    {
        topic = $"{topic}-{codec.ToString().ToLowerInvariant()}";
        await cluster.View.CreateTopicAsync(topic, partitions: 1, replicas: 3);
        using KafkaCluster client = Connect(cluster);
        await using Producer producer = client.CreateProducer(
            new ProducerOptions { Compression = codec, Linger = TimeSpan.FromMilliseconds(100) }
        );
        ProducerRecord[] records =
        [
            new(Bytes("k"), Bytes(Long))
            {
                Headers = new RecordHeader[] { new("a", Bytes("1")), new("empty", Bytes("")), new("none", (byte[]?)null) },
            },
            new(null, Bytes("v")),
            new(Bytes(""), Bytes("")),
            new(Bytes("gone"), null),
        ];
        await Task.WhenAll(records.Select(record => producer.ProduceAsync(topic, record).AsTask()));
        Assert.All(SegmentFiles.Read(cluster.Nodes[0], topic, 0), batch => Assert.Equal(codec, batch.Compression));
        return topic;
    }

    private static async Task<List<string>> ReadAsync(Cluster cluster, string topic, int count)
    {
        using KafkaCluster client = Connect(cluster);
        using Consumer consumer = client.CreateConsumer();
        consumer.Assign(new TopicPartition(topic, 0), StartAt.Beginning);
        List<string> read = [];
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(patience.Token))
        {
            IEnumerable<string> headers = record.Headers.Select(header =>
                $"{header.Key}={(header.Value is { } value ? Encoding.UTF8.GetString(value.Span) : "null")}"
            );
            read.Add($"{Text(record.Key)} {Text(record.Value)} {string.Join(' ', headers)}");
            if (read.Count == count)
            {
                break;
            }
        }

        return read;
    }

    private static KafkaCluster Connect(Cluster cluster) =>
        new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(byte[]? bytes) => bytes is null ? "null" : Encoding.UTF8.GetString(bytes);
}
