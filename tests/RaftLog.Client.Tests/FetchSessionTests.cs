using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>A consumer tells a broker what has changed, and reads each record once whatever becomes of the session.</summary>
public class FetchSessionTests
{
    [Fact]
    public void A_request_names_only_the_partitions_that_have_moved_on() =>
        OneThread.Run(context =>
        {
            const int partitions = 300;
            using FakeCluster world = new(context) { Sessions = new FakeSessions() };
            FakeTopic topic = world.AddTopic("t", partitions);
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions());
            consumer.Assign(Enumerable.Range(0, partitions).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));
            world.Pass(TimeSpan.FromSeconds(3));
            world.Sessions.Named.Clear();

            for (int round = 0; round < 10; round++)
            {
                Append(topic.Partitions[round * 7], $"{round}");
                using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));
                Assert.Equal([$"{round}"], Values(records!));
                world.Pass(TimeSpan.FromSeconds(1));
            }

            Assert.InRange(world.Sessions.Named.Count, 10, 100);
            Assert.All(world.Sessions.Named, static named => Assert.InRange(named, 0, 1));
            Assert.Equal(10, world.Sessions.Named.Sum());
        });

    [Fact]
    public void A_broker_that_forgets_the_session_is_told_everything_again() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context) { Sessions = new FakeSessions() };
            FakeTopic topic = world.AddTopic("t", partitions: 20);
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions());
            consumer.Assign(Enumerable.Range(0, 20).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));
            world.Pass(TimeSpan.FromSeconds(3));
            world.Sessions.Named.Clear();
            world.Sessions.Forget();
            world.Pass(TimeSpan.FromSeconds(3));
            Assert.Equal(20, world.Sessions.Named.Sum());
            Append(topic.Partitions[3], "after it");
            using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));
            Assert.Equal(["after it"], Values(records!));
        });

    [Fact]
    public void A_partition_that_moves_to_a_broker_that_led_nothing_is_read_there() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 4) { Sessions = new FakeSessions() };
            FakeTopic topic = world.AddTopic("t", partitions: 3);
            topic.Partitions.ForEach(static partition => partition.Leader = new NodeId(0));
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions());
            consumer.Assign(Enumerable.Range(0, 3).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));
            world.Pass(TimeSpan.FromSeconds(2));
            for (int leader = 1; leader < 4; leader++)
            {
                FakePartition moved = topic.Partitions[leader - 1];
                moved.Leader = new NodeId(leader);
                moved.Epoch = moved.Epoch.Next();
                Append(moved, $"{leader}");
                using FetchedRecords? records = world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(10)));
                Assert.Equal([$"{leader}"], Values(records!));
            }
        });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Every_record_is_read_once_and_in_order_whatever_becomes_of_the_session(int seed) =>
        OneThread.Run(context =>
        {
            const int partitions = 8;
            Random random = new(seed);
            using FakeCluster world = new(context, brokers: 2) { Sessions = new FakeSessions() };
            FakeTopic topic = world.AddTopic("t", partitions);
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { MaxBufferedBytes = 2_000, MaxPartitionBytes = 300 });
            consumer.Assign(Enumerable.Range(0, partitions).ToDictionary(p => new TopicPartition("t", p), _ => StartAt.Beginning));
            int[] written = new int[partitions];
            int[] read = new int[partitions];
            HashSet<int> paused = [];
            for (int step = 0; step < 400; step++)
            {
                int partition = random.Next(partitions);
                TopicPartition name = new("t", partition);
                switch (random.Next(12))
                {
                    case 0:
                        world.Sessions.Forget();
                        break;
                    case 1:
                        topic.Partitions[partition].Leader = new NodeId(random.Next(2));
                        topic.Partitions[partition].Epoch = topic.Partitions[partition].Epoch.Next();
                        break;
                    case 2:
                        paused.Add(partition);
                        consumer.Pause([name]);
                        break;
                    case 3:
                        paused.Remove(partition);
                        consumer.Resume([name]);
                        break;
                    case 4:
                        read[partition] = random.Next(read[partition] + 1);
                        consumer.Seek(name, StartAt.Offset(new Offset(read[partition])));
                        break;
                    case 5:
                        world.Brokers[random.Next(2)].ResetConnections();
                        break;
                    case 6 or 7:
                        Read(TimeSpan.FromMilliseconds(random.Next(300)));
                        break;
                    case 8:
                        world.Pass(TimeSpan.FromMilliseconds(random.Next(700)));
                        break;
                    default:
                        Append(topic.Partitions[partition], $"{written[partition]++}");
                        break;
                }
            }

            consumer.Resume([.. Enumerable.Range(0, partitions).Select(p => new TopicPartition("t", p))]);
            paused.Clear();
            for (int quiet = 0; quiet < 20; )
            {
                quiet = Read(TimeSpan.FromSeconds(2)) ? 0 : quiet + 1;
            }

            Assert.Equal(written, read);

            bool Read(TimeSpan patience)
            {
                using FetchedRecords? records = world.Finish(consumer.ReadAsync(patience));
                if (records is null)
                {
                    return false;
                }

                int from = records.Partition.Partition;
                Assert.DoesNotContain(from, paused);
                foreach (string value in Values(records))
                {
                    Assert.Equal($"{read[from]++}", value);
                }

                return true;
            }
        });

    private static List<string> Values(FetchedRecords records)
    {
        List<string> values = [];
        foreach (RecordView record in records)
        {
            values.Add(Encoding.UTF8.GetString(record.Value.Span));
        }

        return values;
    }

    private static void Append(FakePartition partition, string value)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 16));
        Assert.True(builder.TryAppend(1_000, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        partition.Append(builder.Seal().ToArray());
    }
}
