using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>Every partition moves on, whatever the others bring.</summary>
public class FairReadingTests
{
    [Fact]
    public void A_partition_that_is_always_full_starves_no_other() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 3);
            Fill(topic.Partitions[0], 2000);
            Fill(topic.Partitions[1], 10);
            Fill(topic.Partitions[2], 10);
            HonourMaxBytes(world, topic);
            Consumer consumer = world
                .Connect()
                .CreateConsumer(
                    new ConsumerOptions
                    {
                        MaxBytes = 4096,
                        MaxPartitionBytes = 4096,
                        MaxBufferedBytes = 1 << 20,
                    }
                );
            consumer.Assign(Enumerable.Range(0, 3).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));
            int[] read = new int[3];

            for (int results = 0; results < 30; results++)
            {
                using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));
                Assert.NotNull(records);
                foreach (RecordView _ in records)
                {
                    read[records.Partition.Partition]++;
                }

                world.Advance(TimeSpan.FromMilliseconds(5));
            }

            Assert.Equal(10, read[1]);
            Assert.Equal(10, read[2]);
            Assert.True(read[0] > 0);
        });

    [Fact]
    public void What_was_fetched_ahead_of_a_full_partition_does_not_stand_before_what_another_brings() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 2);
            Fill(topic.Partitions[0], 1000);
            Consumer consumer = world
                .Connect()
                .CreateConsumer(new ConsumerOptions { MaxPartitionBytes = 1000, MaxBufferedBytes = 1 << 20 });
            consumer.Assign(Enumerable.Range(0, 2).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));
            world.Advance(TimeSpan.FromSeconds(1));
            Fill(topic.Partitions[1], 1);
            world.Advance(TimeSpan.FromSeconds(1));

            List<int> partitions = [];
            for (int i = 0; i < 3; i++)
            {
                using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));
                partitions.Add(records!.Partition.Partition);
            }

            Assert.Contains(1, partitions);
        });

    [Fact]
    public void All_positions_of_a_leader_are_searched_in_one_request() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 2);
            world.AddTopic("t", partitions: 100);
            world.AddTopic("u", partitions: 100);
            Consumer consumer = world.Connect().CreateConsumer();

            consumer.Assign(Enumerable.Range(0, 200).ToDictionary(i => new TopicPartition(i < 100 ? "t" : "u", i % 100), _ => StartAt.End));
            world.Advance(TimeSpan.FromMilliseconds(100));

            Assert.Equal(2, world.Received<ListOffsetsRequest>().Count);
            Assert.All(Enumerable.Range(0, 100), p => Assert.Equal(Offset.Zero, consumer.Position(new TopicPartition("u", p))));
        });

    [Fact]
    public void A_topic_that_does_not_exist_holds_up_no_other() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Fill(world.AddTopic("t").Partitions[0], 3);
            Consumer consumer = world.Connect().CreateConsumer();

            consumer.Assign(
                new SortedDictionary<TopicPartition, StartAt> { [new("absent", 0)] = StartAt.End, [new("t", 0)] = StartAt.Beginning }
            );
            using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(1)));

            Assert.Equal("t", records!.Partition.Topic);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, world.Fails(() => consumer.ReadAsync(TimeSpan.FromSeconds(90))).Code);
        });

    [Fact]
    public void Responses_in_another_order_than_the_request_reach_their_partitions() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 9);
            for (int p = 0; p < 9; p++)
            {
                topic.Partitions[p].Place(Batch($"{p}"));
            }

            bool first = true;
            world.Intercept = (node, message) =>
            {
                if (message is FetchRequest fetch && first)
                {
                    first = false;
                    fetch.Topics[0].Partitions.Reverse();
                }

                return null;
            };
            Consumer consumer = world.Connect().CreateConsumer();
            consumer.Assign(Enumerable.Range(0, 9).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));

            for (int i = 0; i < 9; i++)
            {
                using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(1)));
                foreach (RecordView record in records!)
                {
                    Assert.Equal($"{records.Partition.Partition}", Encoding.UTF8.GetString(record.Value.Span));
                }
            }
        });

    /// <summary>Lets the cluster fill a response in the order of the request up to its bytes, as brokers do.</summary>
    private static void HonourMaxBytes(FakeCluster world, FakeTopic topic) =>
        world.Intercept = (_, message) =>
        {
            if (message is not FetchRequest fetch)
            {
                return null;
            }

            int left = fetch.MaxBytes;
            foreach (FetchRequest.FetchTopic each in fetch.Topics)
            {
                foreach (FetchRequest.FetchPartition partition in each.Partitions)
                {
                    partition.PartitionMaxBytes = Math.Min(partition.PartitionMaxBytes, left);
                    left -= Math.Min(left, topic.Partitions[partition.Partition].From(partition.FetchOffset).Length);
                }
            }

            return null;
        };

    private static void Fill(FakePartition log, int count)
    {
        for (int i = 0; i < count; i++)
        {
            log.Place(Batch(new string('x', 300)));
        }
    }

    private static byte[] Batch(string value)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
        Assert.True(builder.TryAppend(1, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        return builder.Seal().ToArray();
    }
}
