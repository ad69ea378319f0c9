using System.Text;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>Records of the .NET client with Apache Kafka and with RaftLog: what a producer and a reader promise.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class RecordTests(BothNodes nodes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Records_of_every_codec_come_back_with_null_empty_and_headers(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            string topic = await CreateAsync(cluster, partitions: 1);
            await using Producer producer = cluster.CreateProducer(
                new ProducerOptions { Compression = codec, Linger = TimeSpan.FromMilliseconds(50) }
            );
            ProducerRecord[] records =
            [
                new(null, (byte[]?)null) { TimestampMs = 1 },
                new(Array.Empty<byte>(), Array.Empty<byte>()) { TimestampMs = 2 },
                new([0xff, 0], Encoding.UTF8.GetBytes(new string('ü', 2000)))
                {
                    TimestampMs = 3,
                    Headers = new RecordHeader[] { new("a", [0, 0xfe]), new("a", Array.Empty<byte>()), new("none", (byte[]?)null) },
                },
            ];
            await Task.WhenAll(records.Select(record => producer.ProduceAsync(topic, record).AsTask()));

            List<ConsumedRecord> read = await ReadAsync(cluster, topic, records.Length);
            Assert.Equal(records.Select(Show), read.Select(Show));
        }
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_poll_of_an_idle_topic_holds_up_no_producer(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string idle = await CreateAsync(cluster, partitions: 1);
        string topic = await CreateAsync(cluster, partitions: 1);
        using Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { MaxWait = TimeSpan.FromMinutes(5) });
        consumer.Assign(new TopicPartition(idle, 0), StartAt.End);
        Task<FetchedRecords?> waiting = consumer.ReadAsync(TimeSpan.FromMinutes(5)).AsTask();
        await Task.Delay(TimeSpan.FromSeconds(1));

        await using Producer producer = cluster.CreateProducer();
        for (int i = 0; i < 20; i++)
        {
            await producer.ProduceAsync(topic, new ProducerRecord(null, [1])).AsTask().WaitAsync(Patience);
        }

        await cluster.Admin.DescribeTopicsAsync([topic]).AsTask().WaitAsync(Patience);
        Assert.False(waiting.IsCompleted);
        await producer.ProduceAsync(idle, new ProducerRecord(null, [1]));
        (await waiting.WaitAsync(Patience))!.Dispose();
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_producer_with_keys_goes_on_in_a_topic_that_was_made_anew_with_fewer_partitions(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 6);
        await using Producer producer = cluster.CreateProducer();
        await ProduceAsync(producer, topic, 0, 60);

        (await cluster.Admin.DeleteTopicsAsync([topic]))[0].ThrowIfFailed();
        await CreateAsync(cluster, topic, partitions: 2);
        await ProduceAsync(producer, topic, 60, 60);

        List<ConsumedRecord> read = await ReadAsync(cluster, topic, 60);
        Assert.Equal(Enumerable.Range(60, 60), read.Select(record => int.Parse(Encoding.ASCII.GetString(record.Value!))).Order());
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reader_is_told_that_its_topic_was_made_anew(bool isKafka)
    {
        using KafkaCluster cluster = Connect(isKafka);
        string topic = await CreateAsync(cluster, partitions: 1);
        await using Producer producer = cluster.CreateProducer();
        await ProduceAsync(producer, topic, 0, 500);
        using Consumer consumer = cluster.CreateConsumer();
        consumer.Assign(new TopicPartition(topic, 0), StartAt.Beginning);
        int read = 0;
        while (read < 500)
        {
            using FetchedRecords records = (await consumer.ReadAsync(Patience))!;
            foreach (RecordView _ in records)
            {
                read++;
            }
        }

        (await cluster.Admin.DeleteTopicsAsync([topic]))[0].ThrowIfFailed();
        await CreateAsync(cluster, topic, partitions: 1);
        await ProduceAsync(producer, topic, 0, 1000);

        KafkaException told = await Assert.ThrowsAsync<KafkaException>(async () =>
        {
            using FetchedRecords? records = await consumer.ReadAsync(Patience);
            Assert.Fail($"read on at {records?.Next}");
        });
        Assert.Contains(topic, told.Message, StringComparison.Ordinal);
    }

    private KafkaCluster Connect(bool isKafka) =>
        new(
            new ClientOptions { BootstrapServers = ClientOptions.ParseServers($"127.0.0.1:{(isKafka ? nodes.Kafka : nodes.Subject).Port}") }
        );

    private static async Task<string> CreateAsync(KafkaCluster cluster, int partitions)
    {
        string topic = $"records-{Guid.NewGuid():N}";
        await CreateAsync(cluster, topic, partitions);
        return topic;
    }

    /// <summary>Creates a topic, again while one of its name is still being deleted.</summary>
    private static async Task CreateAsync(KafkaCluster cluster, string topic, int partitions) =>
        await Poll.UntilAsync(
            $"{topic} is made",
            async () => (await cluster.Admin.CreateTopicsAsync([new NewTopic(topic, partitions, 1)]))[0].Error == ErrorCode.None
        );

    private static async Task ProduceAsync(Producer producer, string topic, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            await producer.ProduceAsync(topic, new ProducerRecord(Encoding.ASCII.GetBytes($"k{i}"), Encoding.ASCII.GetBytes($"{i}")));
        }
    }

    private static async Task<List<ConsumedRecord>> ReadAsync(KafkaCluster cluster, string topic, int count)
    {
        using Consumer consumer = cluster.CreateConsumer();
        TopicDescription described = (await cluster.Admin.DescribeTopicsAsync([topic]))[0];
        consumer.Assign(described.Partitions.ToDictionary(partition => new TopicPartition(topic, partition.Index), _ => StartAt.Beginning));
        return await consumer.TakeAsync(count);
    }

    private static string Show(ProducerRecord record) =>
        Show(record.TimestampMs!.Value, record.Key, record.Value, record.Headers.ToArray());

    private static string Show(ConsumedRecord record) =>
        Show(
            record.TimestampMs,
            record.Key is null ? new ReadOnlyMemory<byte>?() : record.Key.AsMemory(),
            record.Value is null ? new ReadOnlyMemory<byte>?() : record.Value.AsMemory(),
            record.Headers
        );

    private static string Show(
        long timestampMs,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value,
        IReadOnlyList<RecordHeader> headers
    ) => $"{timestampMs} {Hex(key)} {Hex(value)} {string.Join(' ', headers.Select(header => $"{header.Key}={Hex(header.Value)}"))}";

    private static string Hex(ReadOnlyMemory<byte>? bytes) => bytes is { } present ? $"<{Convert.ToHexString(present.Span)}>" : "null";
}
