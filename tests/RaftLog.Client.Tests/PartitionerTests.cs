using System.Text;
using System.Text.Json;
using RaftLog.Client.Produce;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

public class PartitionerTests
{
    /// <summary>The table was printed by librdkafka 2.16.0's own partitioner.</summary>
    [Fact]
    public void Crc32_chooses_what_librdkafka_chooses()
    {
        int checkedKeys = 0;
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", "partitioner-crc32.jsonl")))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            byte[] key = Convert.FromHexString(row.GetProperty("key").GetString()!);
            foreach (JsonProperty partition in row.GetProperty("partition").EnumerateObject())
            {
                int? chosen = Partitioners.Crc32.Choose("t", new ProducerRecord(key, null), int.Parse(partition.Name));
                Assert.Equal(key.Length == 0 ? null : partition.Value.GetInt32(), chosen);
            }

            checkedKeys++;
        }

        Assert.Equal(150, checkedKeys);
        Assert.Null(Partitioners.Crc32.Choose("t", new ProducerRecord(null, null), 6));
    }

    [Fact]
    public void The_default_hashes_an_empty_key_and_leaves_none_to_the_producer()
    {
        Assert.Equal(Murmur2.Partition([], 6), Partitioners.Murmur2.Choose("t", new ProducerRecord([], null), 6));
        Assert.Null(Partitioners.Murmur2.Choose("t", new ProducerRecord(null, null), 6));
        Assert.Null(Partitioners.Sticky.Choose("t", new ProducerRecord("k"u8.ToArray(), null), 6));
    }

    [Fact]
    public void Round_robin_counts_for_each_topic_and_each_producer_by_itself()
    {
        IPartitioner first = Partitioners.RoundRobin();
        List<int?> chosen = [.. Enumerable.Range(0, 8).Select(i => first.Choose(i % 2 == 0 ? "a" : "b", default, 3))];

        Assert.Equal([0, 0, 1, 1, 2, 2, 0, 0], chosen);
        Assert.Equal(0, Partitioners.RoundRobin().Choose("a", default, 3));
    }

    [Fact]
    public void A_custom_partitioner_chooses_and_what_it_must_not_choose_is_said() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t", partitions: 3);
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { Partitioner = new ByLength() });

            Assert.Equal(2, world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, new byte[2]))).Partition);
            Assert.Equal(0, world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, new byte[2]) { Partition = 0 })).Partition);
            KafkaException wrong = world.Fails(() => producer.ProduceAsync("t", new ProducerRecord(null, new byte[3])));
            Assert.Contains("ByLength has chosen partition 3 of topic 't', which has 0 to 2", wrong.Message);
            Assert.Throws<KafkaException>(() => producer.Produce("t", new ProducerRecord(null, new byte[5])));
            world.Finish(producer.FlushAsync());
        });

    [Fact]
    public void The_more_batches_wait_in_a_partition_the_less_often_it_is_chosen()
    {
        int[] chosen = Draw([0, 4, StickyChoice.Unavailable, 9], adapts: true);

        Assert.Equal(0, chosen[2]);

        // By weights of 10, 6 and 1.
        Assert.InRange(chosen[0], 5600, 6200);
        Assert.InRange(chosen[1], 3300, 3800);
        Assert.InRange(chosen[3], 400, 800);
    }

    [Fact]
    public void Without_adapting_all_that_can_take_records_have_the_same_chance()
    {
        int[] chosen = Draw([0, 4, StickyChoice.Unavailable, 9], adapts: false);

        Assert.Equal(0, chosen[2]);
        Assert.All([chosen[0], chosen[1], chosen[3]], count => Assert.InRange(count, 3000, 3700));
    }

    [Fact]
    public void Where_no_partition_can_take_records_any_may_be_chosen() =>
        Assert.All(Draw([StickyChoice.Unavailable, StickyChoice.Unavailable], adapts: true), count => Assert.InRange(count, 4700, 5300));

    [Fact]
    public void Records_without_a_key_go_round_a_broker_that_is_stuck() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            Producer producer = world
                .Connect()
                .CreateProducer(new ProducerOptions { PartitionAvailabilityTimeout = TimeSpan.FromMilliseconds(200) });
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, new byte[1]) { Partition = 0 }));
            world.Intercept = (node, message) => message is ProduceRequest && node.Value == 1 ? new Reply(null) : null;
            _ = producer.ProduceAsync("t", new ProducerRecord(null, new byte[1]) { Partition = 1 });
            world.Pass(TimeSpan.FromMilliseconds(500));

            for (int i = 0; i < 100; i++)
            {
                Assert.Equal(0, world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, new byte[1]))).Partition);
            }
        });

    [Fact]
    public void A_record_that_nobody_awaits_calls_back_once_it_has_ended() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            List<string> told = [];
            for (int i = 0; i < 50; i++)
            {
                producer.Produce(
                    "t",
                    new ProducerRecord(null, Encoding.UTF8.GetBytes($"v{i}")),
                    (result, failure) => told.Add(failure?.Message ?? $"{result.Offset.Value}")
                );
                if (i == 25)
                {
                    world.Finish(producer.FlushAsync());
                }
            }

            producer.Produce("t", new ProducerRecord(null, "last"u8.ToArray()));
            world.Finish(producer.FlushAsync());

            Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), told);
            Assert.Equal(51, topic.Partitions[0].Values.Count());
            producer.Produce("none", default, (_, failure) => told.Add(((KafkaException)failure!).Code.ToString()));
            world.Pass(TimeSpan.FromSeconds(61));
            Assert.Equal("UnknownTopicOrPartition", told[^1]);
            producer.Produce(
                "t",
                new ProducerRecord(null, "x"u8.ToArray()),
                (_, _) => throw new InvalidOperationException("a callback's own fault")
            );
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "after"u8.ToArray())));
        });

    /// <summary>The batch is open and the lists have grown in a round before: nothing is left to allocate for a record.</summary>
    [Theory]
    [InlineData(2000, 100)]
    [InlineData(20_000, 1)]
    public void A_record_that_nobody_awaits_allocates_nothing_once_the_buffers_have_grown(int pairs, int bytes) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { Linger = TimeSpan.FromSeconds(1) });
            ProducerRecord record = new(null, new byte[bytes]);
            int told = 0;
            Action<ProduceResult, Exception?> delivered = (_, _) => told++;
            long allocated = long.MaxValue;
            for (int round = 0; round < 4; round++)
            {
                Round();
            }

            Assert.Equal(4 * (pairs + 2), told);
            Assert.InRange(allocated, 0, 2000);

            void Round()
            {
                producer.Produce("t", record, delivered);
                producer.Produce("t", record, delivered);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < pairs; i++)
                {
                    producer.Produce("t", record, delivered);
                    producer.Produce("t", record);
                }

                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                world.Finish(producer.FlushAsync());
            }
        });

    [Fact]
    public void A_full_buffer_is_said_to_whoever_does_not_wait_and_is_free_again_after_a_flush() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { BatchSize = 2048, BufferMemory = 4096 });
            int taken = 0;
            KafkaException full = Assert.Throws<KafkaException>(Fill);

            Assert.True(full.IsRetriable);
            Assert.Contains("buffer.memory (4096 bytes)", full.Message);
            world.Finish(producer.FlushAsync());
            producer.Produce("t", new ProducerRecord(null, new byte[900]));
            world.Finish(producer.FlushAsync());
            Assert.Equal(taken + 1, topic.Partitions[0].Values.Count());

            void Fill()
            {
                while (taken < 100)
                {
                    producer.Produce("t", new ProducerRecord(null, new byte[900]));
                    taken++;
                }
            }
        });

    [Fact]
    public void Interceptors_change_records_in_order_and_hear_of_every_end() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            List<string> log = [];
            Producer producer = world
                .Connect()
                .CreateProducer(new ProducerOptions { Interceptors = [new Noting("a", log), new Noting("b", log)] });

            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "x"u8.ToArray())));
            world.Fails(() => producer.ProduceAsync("t", new ProducerRecord(null, "y"u8.ToArray()) { Partition = 9 }));
            producer.Produce("t", new ProducerRecord(null, "z"u8.ToArray()), (result, _) => log.Add($"callback {result.Offset.Value}"));
            world.Finish(producer.FlushAsync());
            world.Settle();

            Assert.Equal(["xab", "zab"], topic.Partitions[0].Values);
            Assert.Equal(
                [
                    "b:t x 0",
                    "a:t x 0",
                    "b:t y UnknownTopicOrPartition",
                    "a:t y UnknownTopicOrPartition",
                    "b:t z 1",
                    "a:t z 1",
                    "callback 1",
                ],
                log
            );
        });

    [Theory]
    [InlineData("BatchSize (batch.size) is 1000", "batch")]
    [InlineData("BufferMemory (buffer.memory) is 10000", "buffer")]
    [InlineData("CompressionLevel (compression.zstd.level) is 23: it must be -131072 to 22", "zstd")]
    [InlineData("CompressionLevel (compression.snappy.level) is 1: it has no meaning with Snappy", "snappy")]
    [InlineData("DeliveryTimeout (delivery.timeout.ms) is 00:00:01", "delivery")]
    [InlineData("TransactionalId (transactional.id) is tx: it needs Acks (acks) All", "acks")]
    [InlineData("Linger (linger.ms) is -00:00:01: it must not be negative", "linger")]
    public void An_option_that_is_wrong_is_named_with_its_key_and_value(string message, string which)
    {
        ProducerOptions options = which switch
        {
            "batch" => new() { BatchSize = 1000 },
            "buffer" => new() { BufferMemory = 10_000 },
            "zstd" => new() { Compression = Protocol.Compression.CompressionType.Zstd, CompressionLevel = 23 },
            "snappy" => new() { Compression = Protocol.Compression.CompressionType.Snappy, CompressionLevel = 1 },
            "delivery" => new() { Linger = TimeSpan.FromSeconds(2), DeliveryTimeout = TimeSpan.FromSeconds(1) },
            "acks" => new() { TransactionalId = "tx", Acks = Acks.Leader },
            _ => new() { Linger = TimeSpan.FromSeconds(-1) },
        };

        Assert.StartsWith(message, Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    private static int[] Draw(int[] waiting, bool adapts)
    {
        Chance chance = new();
        int[] chosen = new int[waiting.Length];
        for (int i = 0; i < 10_000; i++)
        {
            chosen[StickyChoice.Choose(waiting, adapts, chance)]++;
        }

        return chosen;
    }

    private sealed class Chance : IEntropy
    {
        private readonly Random _random = new(5);

        public void Fill(Span<byte> target) => _random.NextBytes(target);

        public int Next(int exclusiveMax) => _random.Next(exclusiveMax);
    }

    private sealed class ByLength : IPartitioner
    {
        public int? Choose(string topic, in ProducerRecord record, int partitions) => record.Value!.Value.Length;
    }

    private sealed class Noting(string name, List<string> log) : IProducerInterceptor
    {
        public ProducerRecord OnProduce(string topic, in ProducerRecord record, out object? state)
        {
            string text = Encoding.UTF8.GetString(record.Value!.Value.Span);
            state = text[..1];
            return record with { Value = Encoding.UTF8.GetBytes(text + name) };
        }

        public void OnEnd(string topic, in ProduceResult result, Exception? failure, object? state) =>
            log.Add($"{name}:{topic} {state} {(failure is KafkaException e ? e.Code : result.Offset.Value)}");
    }
}
