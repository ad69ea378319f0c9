using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

public class ConsumerTests
{
    private static readonly TopicPartition Partition = new("t", 0);

    [Fact]
    public void A_headers_name_that_is_no_UTF8_keeps_its_bytes_when_its_record_is_written_again() =>
        OneThread.Run(context =>
        {
            using FakeCluster fake = new(context);
            fake.AddTopic("t", partitions: 2);
            KafkaCluster cluster = fake.Connect();
            Producer producer = cluster.CreateProducer();
            RecordHeader[] headers = [new([0xff, 0x61], [1])];
            fake.Finish(producer.ProduceAsync("t", new ProducerRecord(null, [1]) { Headers = headers, Partition = 0 }));
            using Consumer consumer = cluster.CreateConsumer();
            for (int hop = 0; hop < 2; hop++)
            {
                consumer.Assign(new TopicPartition("t", hop), StartAt.Beginning);
                using FetchedRecords records = fake.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)))!;
                foreach (RecordView view in records)
                {
                    foreach (RecordHeaders header in view.Headers)
                    {
                        Assert.Equal([0xff, 0x61], header.Key.ToArray());
                    }

                    ConsumedRecord copy = view.ToRecord();
                    Assert.Equal("\uFFFDa", Assert.Single(copy.Headers).Key);
                    fake.Finish(
                        producer.ProduceAsync("t", new ProducerRecord(null, copy.Value) { Headers = copy.Headers.ToArray(), Partition = 1 })
                    );
                }
            }
        });

    [Fact]
    public void Everything_from_the_beginning_is_read_in_order_with_its_offsets() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            for (int i = 0; i < 10; i++)
            {
                log.Place(Batch([$"{i}a", $"{i}b"], compression: (CompressionType)(i % 4)));
            }

            Consumer consumer = Open(world, StartAt.Beginning);
            List<ConsumedRecord> records = Read(world, consumer, 20);

            Assert.Equal(log.Values, records.Select(r => Encoding.UTF8.GetString(r.Value!)));
            Assert.Equal(Enumerable.Range(0, 20), records.Select(r => (int)r.Offset.Value));
            Assert.Equal(new Offset(20), consumer.Position(Partition));
        });

    [Fact]
    public void Reading_starts_exactly_at_the_offset_though_the_batch_begins_before_it() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t").Partitions[0].Place(Batch(["a", "b", "c", "d"]));

            Consumer consumer = Open(world, StartAt.Offset(new Offset(2)));

            Assert.Equal(["c", "d"], Values(Read(world, consumer, 2)));
        });

    [Fact]
    public void Reading_starts_at_the_end_or_at_a_time() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch(["a", "b", "c"], firstTimestamp: 1000));

            Consumer end = Open(world, StartAt.End);
            Consumer time = Open(world, StartAt.Timestamp(1001));
            Consumer future = Open(world, StartAt.Timestamp(5000));
            Assert.Equal(["b", "c"], Values(Read(world, time, 2)));
            Assert.Null(world.Finish(end.ReadAsync(TimeSpan.FromSeconds(2))));
            log.Place(Batch(["new"]));

            Assert.Equal(["new"], Values(Read(world, end, 1)));
            Assert.Equal(["new"], Values(Read(world, future, 1)));
        });

    [Fact]
    public void Records_that_come_later_are_read_by_a_long_poll() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            Consumer consumer = Open(world, StartAt.Beginning);
            Assert.Null(world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(3))));
            log.Place(Batch(["late"]));

            Assert.Equal(["late"], Values(Read(world, consumer, 1)));
            Assert.InRange(world.Received<FetchRequest>().Count, 2, 12);
        });

    [Fact]
    public void A_damaged_batch_is_never_handed_out() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch(["good"]));
            log.Place(Batch(["bad"]));
            log.Batches[1][^2] ^= 1;
            Consumer consumer = Open(world, StartAt.Beginning);

            Assert.Equal(["good"], Values(Read(world, consumer, 1)));
            KafkaException damage = world.Fails(() => consumer.ReadAsync(TimeSpan.FromSeconds(1)));

            Assert.Equal(ErrorCode.CorruptMessage, damage.Code);
            Assert.Contains("offset 1", damage.Message, StringComparison.Ordinal);
            Assert.Equal(new Offset(1), consumer.Position(Partition));
        });

    [Fact]
    public void A_batch_that_was_cut_off_is_fetched_again() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            string[] values = [.. Enumerable.Range(0, 10).Select(i => $"{i}".PadRight(300))];
            foreach (string value in values)
            {
                log.Place(Batch([value]));
            }

            Consumer consumer = Open(world, StartAt.Beginning, new ConsumerOptions { MaxPartitionBytes = 1000 });

            Assert.Equal(values, Values(Read(world, consumer, 10)));
        });

    [Fact]
    public void Read_committed_leaves_out_what_was_aborted_and_markers_are_never_seen() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            ProducerStamp one = new(new ProducerId(1), new ProducerEpoch(0), 0);
            ProducerStamp two = new(new ProducerId(2), new ProducerEpoch(0), 0);
            log.Place(Batch(["1-aborted"], producer: one));
            log.Place(Batch(["2-committed"], producer: two));
            log.Place(Batch(["plain"]));
            log.Place(Marker(ControlRecordType.Abort, one));
            log.Place(Batch(["1-again"], producer: one));
            log.Place(Marker(ControlRecordType.Commit, one));
            log.Place(Marker(ControlRecordType.Commit, two));
            log.Aborted.Add(new() { ProducerId = one.Id, FirstOffset = Offset.Zero });

            Consumer committed = Open(world, StartAt.Beginning, new ConsumerOptions { ReadCommitted = true });
            Consumer uncommitted = Open(world, StartAt.Beginning);

            Assert.Equal(["2-committed", "plain", "1-again"], Values(Read(world, committed, 3)));
            Assert.Equal(["1-aborted", "2-committed", "plain", "1-again"], Values(Read(world, uncommitted, 4)));
        });

    [Fact]
    public void A_position_outside_the_log_is_an_error_unless_told_where_to_go() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch(["a"]));
            log.Place(Batch(["b"]));
            log.Start = new Offset(1);

            Consumer strict = Open(world, StartAt.Offset(Offset.Zero));
            KafkaException outside = world.Fails(() => strict.ReadAsync(TimeSpan.FromSeconds(1)));
            Assert.Equal(ErrorCode.OffsetOutOfRange, outside.Code);
            Assert.Contains("auto.offset.reset", outside.Message, StringComparison.Ordinal);

            strict.Seek(Partition, StartAt.Beginning);
            Assert.Equal(["b"], Values(Read(world, strict, 1)));
            Consumer earliest = Open(world, StartAt.Offset(Offset.Zero), new ConsumerOptions { OffsetReset = OffsetReset.Earliest });
            Assert.Equal(["b"], Values(Read(world, earliest, 1)));
        });

    [Fact]
    public void A_log_that_was_truncated_below_the_position_is_an_error() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch(["a"]));
            Consumer consumer = Open(world, StartAt.Beginning);
            Read(world, consumer, 1);
            world.Intercept = (_, message) =>
                message is FetchRequest fetch
                    ? new Reply(
                        new FetchResponse
                        {
                            Responses = fetch.Topics.ConvertAll(t => new FetchResponse.FetchableTopicResponse
                            {
                                TopicId = t.TopicId,
                                Partitions =
                                [
                                    new()
                                    {
                                        DivergingEpoch = new() { Epoch = LeaderEpoch.Zero, EndOffset = Offset.Zero },
                                        Records = Memory<byte>.Empty,
                                    },
                                ],
                            }),
                        }
                    )
                    : null;

            KafkaException cut = world.Fails(() => consumer.ReadAsync(TimeSpan.FromSeconds(5)));

            Assert.Equal(ErrorCode.OffsetOutOfRange, cut.Code);
            Assert.Equal(LeaderEpoch.Zero, world.Received<FetchRequest>()[^1].Topics[0].Partitions[0].LastFetchedEpoch);
        });

    [Fact]
    public void A_seek_drops_what_was_fetched_ahead() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch(["a", "b", "c"]));
            Consumer consumer = Open(world, StartAt.Beginning);
            world.Advance(TimeSpan.FromSeconds(2));

            consumer.Seek(Partition, StartAt.Offset(new Offset(2)));

            Assert.Equal(["c"], Values(Read(world, consumer, 1)));
        });

    [Fact]
    public void What_waits_to_be_read_stays_within_its_bound() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakePartition log = world.AddTopic("t").Partitions[0];
            for (int i = 0; i < 100; i++)
            {
                log.Place(Batch([new string('x', 1000)]));
            }

            Consumer consumer = Open(world, StartAt.Beginning, new ConsumerOptions { MaxPartitionBytes = 2000, MaxBufferedBytes = 5000 });
            world.Advance(TimeSpan.FromSeconds(10));
            int fetchedAhead = world.Received<FetchRequest>().Count;

            Assert.InRange(fetchedAhead, 1, 6);
            Assert.Equal(100, Read(world, consumer, 100).Count);
        });

    [Fact]
    public void Reading_follows_the_leader() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            FakePartition log = world.AddTopic("t").Partitions[0];
            log.Place(Batch(["a"]));
            Consumer consumer = Open(world, StartAt.Beginning);
            Read(world, consumer, 1);
            log.Leader = new NodeId(1);
            log.Epoch = new LeaderEpoch(1);
            log.Place(Batch(["b"]));

            Assert.Equal(["b"], Values(Read(world, consumer, 1)));
        });

    [Fact]
    public void Several_partitions_at_several_brokers_are_read_together() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 3);
            FakeTopic topic = world.AddTopic("t", partitions: 7);
            for (int i = 0; i < 7; i++)
            {
                topic.Partitions[i].Place(Batch([$"{i}"]));
            }

            Consumer consumer = world.Connect().CreateConsumer();
            consumer.Assign(Enumerable.Range(0, 7).ToDictionary(i => new TopicPartition("t", i), _ => StartAt.Beginning));

            Assert.Equal(Enumerable.Range(0, 7).Select(i => $"{i}"), Values(Read(world, consumer, 7)).Order());
        });

    [Fact]
    public void A_partition_that_does_not_exist_is_an_error() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Consumer consumer = world.Connect().CreateConsumer();
            consumer.Assign(new TopicPartition("t", 3), StartAt.Beginning);

            Assert.Equal(ErrorCode.UnknownTopicOrPartition, world.Fails(() => consumer.ReadAsync(TimeSpan.FromSeconds(5))).Code);
        });

    [Fact]
    public void Cancelling_ends_the_reading_of_all_records() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t").Partitions[0].Place(Batch(["a", "b"]));
            Consumer consumer = Open(world, StartAt.Beginning);
            using CancellationTokenSource cancel = new();
            List<string> seen = [];
            Task reading = ReadAll();
            world.Settle();

            cancel.Cancel();
            world.Settle();

            Assert.True(reading.IsCompletedSuccessfully);
            Assert.Equal(["a", "b"], seen);

            async Task ReadAll()
            {
                await foreach (ConsumedRecord record in consumer.ConsumeAsync(cancel.Token))
                {
                    seen.Add(Encoding.UTF8.GetString(record.Value!));
                }
            }
        });

    private static Consumer Open(FakeCluster world, StartAt start, ConsumerOptions? options = null)
    {
        Consumer consumer = world.Connect().CreateConsumer(options);
        consumer.Assign(Partition, start);
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

    private static IEnumerable<string> Values(List<ConsumedRecord> records) => records.Select(r => Encoding.UTF8.GetString(r.Value!));

    private static byte[] Batch(
        string[] values,
        CompressionType compression = CompressionType.None,
        long firstTimestamp = 1,
        ProducerStamp? producer = null
    )
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20, compression));
        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(builder.TryAppend(firstTimestamp + i, NullableBytes.Null, Encoding.UTF8.GetBytes(values[i])));
        }

        if (producer is { } stamp)
        {
            builder.Producer = stamp;
            builder.Attributes = builder.Attributes.AsTransactional();
        }

        return builder.Seal().ToArray();
    }

    private static byte[] Marker(ControlRecordType type, ProducerStamp producer)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
        ControlBatch.AppendMarker(builder, 1, type, producer, LeaderEpoch.Zero);
        return builder.Seal().ToArray();
    }
}
