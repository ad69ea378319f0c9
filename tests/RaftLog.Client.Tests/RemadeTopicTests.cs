using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>Topics that are deleted, made anew or grown while a client uses them.</summary>
public class RemadeTopicTests
{
    private static readonly TopicPartition Partition = new("t", 0);

    [Fact]
    public void Records_go_to_the_partitions_of_a_topic_that_was_made_anew() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            world.AddTopic("t", partitions: 6);
            Producer producer = world.Connect().CreateProducer();
            Produce(world, producer, 0, 60).ForEach(each => world.Finish(each));

            world.Topics.Remove("t");
            FakeTopic remade = world.AddTopic("t", partitions: 2);
            List<Task<ProduceResult>> under = Produce(world, producer, 60, 60);
            world.Pass(TimeSpan.FromSeconds(5));

            Assert.All(under, each => Assert.True(each.IsCompletedSuccessfully));
            List<Task<ProduceResult>> after = Produce(world, producer, 120, 60);
            world.Pass(TimeSpan.FromSeconds(5));
            Assert.All(after, each => Assert.True(each.IsCompletedSuccessfully));
            for (int p = 0; p < 2; p++)
            {
                // Each key's records are in the order of the calls, in the partition that its hash names among two.
                Assert.Equal(
                    Enumerable.Range(60, 120).Where(i => Murmur2.Partition(Key(i), 2) == p).Select(i => (i % 20, i)).Order(),
                    remade.Partitions[p].Values.Select(int.Parse).Select(i => (i % 20, i)).OrderBy(each => each.Item1)
                );
            }
        });

    [Fact]
    public void A_record_for_a_named_partition_that_is_gone_fails_soon_and_says_why() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t", partitions: 6);
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "a"u8.ToArray()) { Partition = 5 }));
            world.Topics.Remove("t");
            FakeTopic remade = world.AddTopic("t", partitions: 2);

            Task<ProduceResult> gone = FakeCluster.Start(
                producer.ProduceAsync("t", new ProducerRecord(null, "b"u8.ToArray()) { Partition = 5 })
            );
            Task<ProduceResult> there = FakeCluster.Start(
                producer.ProduceAsync("t", new ProducerRecord(null, "c"u8.ToArray()) { Partition = 1 })
            );
            world.Pass(TimeSpan.FromSeconds(1));

            KafkaException failure = Assert.IsType<KafkaException>(gone.Exception!.InnerException);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, failure.Code);
            Assert.Contains("made anew with 2 partitions", failure.Message, StringComparison.Ordinal);
            Assert.True(there.IsCompletedSuccessfully);
            Assert.Equal(["c"], remade.Partitions[1].Values);
        });

    [Fact]
    public void A_flush_waits_for_records_that_are_moved() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t", partitions: 3);
            Producer producer = world.Connect().CreateProducer();
            Produce(world, producer, 0, 30).ForEach(each => world.Finish(each));
            world.Topics.Remove("t");
            List<Task<ProduceResult>> under = Produce(world, producer, 30, 30);
            Task flush = Flush();
            world.Pass(TimeSpan.FromSeconds(1));
            Assert.False(flush.IsCompleted);

            FakeTopic remade = world.AddTopic("t", partitions: 2);
            world.Pass(TimeSpan.FromSeconds(3));

            Assert.True(flush.IsCompletedSuccessfully);
            Assert.All(under, each => Assert.True(each.IsCompletedSuccessfully));
            Assert.Equal(30, remade.Partitions.Sum(p => p.Values.Count()));

            async Task Flush() => await producer.FlushAsync();
        });

    [Fact]
    public void A_flush_and_a_dispose_wait_for_records_whose_topic_is_not_known_yet() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            KafkaCluster cluster = world.Connect();
            Producer flushed = cluster.CreateProducer();
            Produce(world, flushed, 0, 3);
            world.Finish(flushed.FlushAsync());
            Assert.Equal(3, topic.Partitions[0].Values.Count());

            Producer disposed = cluster.CreateProducer();
            FakeTopic other = world.AddTopic("u");
            _ = FakeCluster.Start(disposed.ProduceAsync("u", new ProducerRecord(null, "x"u8.ToArray())));
            world.Finish(disposed.DisposeAsync());

            Assert.Single(other.Partitions[0].Values);
        });

    [Fact]
    public void A_view_of_the_cluster_that_comes_and_goes_neither_loses_nor_repeats_a_record() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            FakeTopic before = world.AddTopic("t", partitions: 2);
            Producer producer = world.Connect(options => options with { MetadataMaxAge = TimeSpan.FromMilliseconds(200) }).CreateProducer();
            FakeTopic remade = new("t", new Uuid(9, 9), [new FakePartition(0, new NodeId(0)), new FakePartition(1, new NodeId(1))]);
            List<Task<ProduceResult>> all = [];
            for (int round = 0; round < 8; round++)
            {
                // A broker that is behind still tells of the topic that was deleted.
                world.Topics["t"] = round % 2 == 0 ? before : remade;
                all.AddRange(Produce(world, producer, round * 10, 10));
                world.Pass(TimeSpan.FromMilliseconds(500));
            }

            world.Pass(TimeSpan.FromSeconds(5));
            Assert.All(all, each => Assert.True(each.IsCompletedSuccessfully));
            Assert.Equal(
                Enumerable.Range(0, 80),
                before.Partitions.Concat(remade.Partitions).SelectMany(p => p.Values).Select(int.Parse).Order()
            );
        });

    [Fact]
    public void Records_of_a_topic_that_stays_away_fail_with_that_reason() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { MaxBlock = TimeSpan.FromSeconds(5) });
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "a"u8.ToArray())));
            world.Topics.Remove("t");

            Task<ProduceResult> lost = FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(null, "b"u8.ToArray())));
            world.Pass(TimeSpan.FromSeconds(8));

            Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.IsType<KafkaException>(lost.Exception!.InnerException).Code);
            Assert.Equal(
                ErrorCode.UnknownTopicOrPartition,
                world.Fails(() => producer.ProduceAsync("t", new ProducerRecord(null, "c"u8.ToArray()))).Code
            );
        });

    [Fact]
    public void A_topic_that_grows_gets_records_in_its_new_partitions() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect(options => options with { MetadataMaxAge = TimeSpan.FromSeconds(1) }).CreateProducer();
            Produce(world, producer, 0, 20).ForEach(each => world.Finish(each));
            topic.Partitions.Add(new FakePartition(1, new NodeId(0)));
            world.Pass(TimeSpan.FromSeconds(2));

            Produce(world, producer, 20, 20).ForEach(each => world.Finish(each));
            Produce(world, producer, 40, 20).ForEach(each => world.Finish(each));

            Assert.NotEmpty(topic.Partitions[1].Values);
            Assert.Equal(60, topic.Partitions.Sum(p => p.Values.Count()));
        });

    [Fact]
    public void A_reader_is_told_that_its_topic_was_made_anew() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Fill(world.AddTopic("t").Partitions[0], 500);
            Consumer consumer = Open(world, new ConsumerOptions());
            Assert.Equal(500, Read(world, consumer, 500).Count);
            world.Topics.Remove("t");
            Fill(world.AddTopic("t").Partitions[0], 1000);

            KafkaException told = world.Fails(() => consumer.ReadAsync(TimeSpan.FromSeconds(5)));

            Assert.Equal(ErrorCode.UnknownTopicId, told.Code);
            Assert.Contains("topic 't' was deleted and made anew", told.Message, StringComparison.Ordinal);
            consumer.Seek(Partition, StartAt.Beginning);
            Assert.Equal(Enumerable.Range(0, 1000), Read(world, consumer, 1000).Select(r => (int)r.Offset.Value));
        });

    [Fact]
    public void A_reader_with_a_policy_goes_on_at_the_beginning_of_a_topic_that_was_made_anew() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Fill(world.AddTopic("t").Partitions[0], 500);
            using SeenEvents events = new();
            Consumer consumer = Open(
                world,
                new ConsumerOptions { OffsetReset = OffsetReset.Earliest },
                options => options with { LoggerFactory = events }
            );
            Read(world, consumer, 500);
            world.Topics.Remove("t");
            world.Pass(TimeSpan.FromSeconds(2));
            Fill(world.AddTopic("t").Partitions[0], 1000);

            Assert.Equal(Enumerable.Range(0, 1000), Read(world, consumer, 1000).Select(r => (int)r.Offset.Value));
            Assert.Contains("made anew", events.All.Single(each => each.Name == "OffsetReset").Text, StringComparison.Ordinal);
        });

    [Fact]
    public void A_partition_that_stays_away_is_an_error_and_no_silence() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Fill(world.AddTopic("t").Partitions[0], 5);
            Consumer consumer = Open(
                world,
                new ConsumerOptions { OffsetReset = OffsetReset.Earliest },
                options => options with { CallTimeout = TimeSpan.FromSeconds(10) }
            );
            Read(world, consumer, 5);
            world.Topics.Remove("t");

            Assert.Null(world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5))));
            KafkaException gone = world.Fails(() => consumer.ReadAsync(TimeSpan.FromSeconds(20)));

            Assert.Equal(ErrorCode.UnknownTopicOrPartition, gone.Code);
            Assert.Contains("does not exist any more", gone.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void Reading_by_age_begins_at_the_first_record_that_is_young_enough() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            world.Time.Advance(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) - DateTimeOffset.MinValue);
            long nowMs = world.Time.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (int age in new[] { 60, 50, 10, 1 })
            {
                log.Place(Batch($"{age}", nowMs - (age * 1000)));
            }

            log.Start = new Offset(1);
            Consumer consumer = world
                .Connect()
                .CreateConsumer(new ConsumerOptions { OffsetReset = OffsetReset.ByDuration(TimeSpan.FromSeconds(20)) });
            consumer.Assign(Partition, StartAt.Offset(Offset.Zero));

            Assert.Equal(["10", "1"], Read(world, consumer, 2).Select(r => Encoding.UTF8.GetString(r.Value!)));
        });

    [Fact]
    public void A_paused_partition_hands_out_nothing_and_loses_nothing() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            Fill(topic.Partitions[0], 50);
            Fill(topic.Partitions[1], 50);
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { MaxPartitionBytes = 1000 });
            consumer.Assign(
                new SortedDictionary<TopicPartition, StartAt> { [new("t", 0)] = StartAt.Beginning, [new("t", 1)] = StartAt.Beginning }
            );
            world.Pass(TimeSpan.FromSeconds(1));

            consumer.Pause(Partition);
            List<ConsumedRecord> others = Read(world, consumer, 50);
            Assert.Null(world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(3))));
            Assert.Equal([Partition], consumer.Paused);
            consumer.Resume(Partition);
            List<ConsumedRecord> resumed = Read(world, consumer, 50);

            Assert.All(others, record => Assert.Equal(1, record.Partition.Partition));
            Assert.Equal(Enumerable.Range(0, 50), resumed.Select(record => (int)record.Offset.Value));
            Assert.Equal(0, consumer.Lag(Partition));
        });

    private static Consumer Open(FakeCluster world, ConsumerOptions options, Func<ClientOptions, ClientOptions>? change = null)
    {
        Consumer consumer = world.Connect(change).CreateConsumer(options);
        consumer.Assign(Partition, StartAt.Beginning);
        return consumer;
    }

    private static List<ConsumedRecord> Read(FakeCluster world, Consumer consumer, int count)
    {
        List<ConsumedRecord> all = [];
        while (all.Count < count)
        {
            using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(30)));
            Assert.NotNull(records);
            foreach (RecordView record in records)
            {
                all.Add(record.ToRecord());
            }
        }

        Assert.Equal(count, all.Count);
        return all;
    }

    private static byte[] Key(int i) => Encoding.UTF8.GetBytes($"key-{i % 20}");

    private static List<Task<ProduceResult>> Produce(FakeCluster world, Producer producer, int first, int count)
    {
        List<Task<ProduceResult>> results = [];
        for (int i = first; i < first + count; i++)
        {
            results.Add(FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(Key(i), Encoding.UTF8.GetBytes($"{i}")))));
            if (i % 7 == 0)
            {
                world.Advance(TimeSpan.FromMilliseconds(1));
            }
        }

        return results;
    }

    private static void Fill(FakePartition log, int count)
    {
        for (int i = 0; i < count; i++)
        {
            log.Place(Batch($"{i}", 1));
        }
    }

    private static byte[] Batch(string value, long timestampMs)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
        Assert.True(builder.TryAppend(timestampMs, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        return builder.Seal().ToArray();
    }
}
