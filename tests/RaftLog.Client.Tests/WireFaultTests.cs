using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>
/// Connections that end behind every single byte, brokers that are slow, and brokers that lie: nothing is lost, doubled or reordered, and
/// all goes on.
/// </summary>
public class WireFaultTests
{
    private const int Records = 12;

    /// <summary>From the first byte of the handshake to the last of a response: the longest exchange that a run has is shorter.</summary>
    [Theory]
    [InlineData(false, false, 900)]
    [InlineData(true, false, 1600)]
    [InlineData(false, true, 700)]
    [InlineData(true, true, 150)]
    public void Connections_cut_behind_any_byte_lose_double_and_reorder_nothing(bool received, bool once, int bytes) =>
        OneThread.Run(context =>
        {
            int hit = 0;
            for (int at = 0; at < bytes; at++)
            {
                using FakeCluster world = new(context);
                CuttingNetwork network = world.Cut();
                FakeTopic topic = world.AddTopic("t", partitions: 2);
                Producer producer = world.Connect().CreateProducer();
                int next = 0;
                if (once)
                {
                    // The connections stand: what is cut are the requests and responses of the records alone.
                    Send(2).ForEach(sent => world.Finish(sent));
                }

                network.Arm(at, received, cuts: 3);
                List<Task<ProduceResult>> results = Send(Records / 2);
                results.AddRange(Send(Records / 2));
                results.ForEach(sent => world.Finish(sent));
                hit += network.Cuts < 3 ? 1 : 0;

                for (int partition = 0; partition < 2; partition++)
                {
                    Assert.Equal(
                        Enumerable.Range(0, next).Where(i => i % 2 == partition).Select(i => $"{i}"),
                        topic.Partitions[partition].Values
                    );
                }

                List<Task<ProduceResult>> Send(int count) =>
                    [.. Enumerable.Range(0, count).Select(_ => FakeCluster.Start(producer.ProduceAsync("t", Record(next, next++ % 2))))];
            }

            Assert.True(hit > bytes / 4, $"only {hit} of {bytes} places were cut");
        });

    /// <summary>The leaders move with every cut, and so do the connections that matter.</summary>
    [Theory]
    [InlineData(false, 400)]
    [InlineData(true, 400)]
    public void Leaders_that_move_when_a_connection_is_cut_lose_double_and_reorder_nothing(bool received, int bytes) =>
        OneThread.Run(context =>
        {
            int moves = 0;
            for (int at = 0; at < bytes; at++)
            {
                using FakeCluster world = new(context, brokers: 3);
                CuttingNetwork network = world.Cut();
                FakeTopic topic = world.AddTopic("t", partitions: 2);
                Producer producer = world.Connect().CreateProducer();
                world.Finish(producer.ProduceAsync("t", Record(0, 0)));
                world.Finish(producer.ProduceAsync("t", Record(1, 1)));
                network.CutNow = () => moves += Move(topic);
                network.Arm(at, received, cuts: 4);

                List<Task<ProduceResult>> results =
                [
                    .. Enumerable.Range(2, Records).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Record(i, i % 2)))),
                ];
                results.ForEach(sent => world.Finish(sent));

                for (int partition = 0; partition < 2; partition++)
                {
                    Assert.Equal(
                        Enumerable.Range(0, Records + 2).Where(i => i % 2 == partition).Select(i => $"{i}"),
                        topic.Partitions[partition].Values
                    );
                }
            }

            Assert.True(moves > bytes / 4, $"only {moves} moves for {bytes} places");
        });

    [Theory]
    [InlineData(false, false, 900)]
    [InlineData(true, false, 1200)]
    [InlineData(false, true, 500)]
    [InlineData(true, true, 500)]
    public void A_reader_whose_connections_are_cut_behind_any_byte_gets_every_record_once_and_in_order(
        bool received,
        bool moves,
        int bytes
    ) =>
        OneThread.Run(context =>
        {
            int hit = 0;
            for (int at = 0; at < bytes; at++)
            {
                using FakeCluster world = new(context, brokers: moves ? 3 : 1) { Sessions = new FakeSessions() };
                CuttingNetwork network = world.Cut();
                FakeTopic topic = world.AddTopic("t", partitions: 2);
                Fill(topic, 0, Records);
                using Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { MaxWait = TimeSpan.FromSeconds(1) });
                network.CutNow = () => _ = moves && Move(topic) > 0;
                network.Arm(at, received, cuts: 3);
                consumer.Assign(
                    Enumerable.Range(0, 2).ToDictionary(partition => new TopicPartition("t", partition), _ => StartAt.Beginning)
                );
                SortedDictionary<int, List<string>> read = Read(world, consumer, Records);

                // And on, in what is by then an incremental session, whose requests and responses are cut in their turn.
                hit += network.Cuts < 3 ? 1 : 0;
                network.Arm(at, received, cuts: 1);
                Fill(topic, Records, 2 * Records);
                foreach ((int partition, List<string> values) in Read(world, consumer, Records))
                {
                    read[partition].AddRange(values);
                }

                Assert.Equal(0, world.Sessions.Rejected);
                for (int partition = 0; partition < 2; partition++)
                {
                    Assert.Equal(Enumerable.Range(0, 2 * Records).Where(i => i % 2 == partition).Select(i => $"{i}"), read[partition]);
                }
            }

            Assert.True(hit > bytes / 4, $"only {hit} of {bytes} places were cut");
        });

    /// <summary>
    /// A fetch with a wrong bit may say anything, and a base offset is under no checksum. Whatever it says, no bytes are handed out that
    /// nobody wrote, and once the broker is honest the reader goes on, by itself or when it is told where.
    /// </summary>
    [Fact]
    public void A_broker_that_lies_in_any_byte_of_a_fetch_makes_no_reader_see_foreign_bytes_or_stop()
    {
        OneThread.Run(context =>
        {
            for (int at = 0; at < 220; at++)
            {
                using FakeCluster world = new(context);
                FakeTopic topic = world.AddTopic("t", partitions: 2);
                using Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { MaxWait = TimeSpan.FromSeconds(1) });
                consumer.Assign(
                    Enumerable.Range(0, 2).ToDictionary(partition => new TopicPartition("t", partition), _ => StartAt.Beginning)
                );
                Fill(topic, 0, 2);
                Read(world, consumer, 2);
                bool lies = true;
                world.Brokers[0].Distort = frame =>
                {
                    if (lies && at < frame.Length)
                    {
                        frame[at] ^= 0x10;
                    }

                    lies = false;
                    return frame;
                };
                Fill(topic, 2, 4);
                List<string> known = ["0", "1", "2", "3", "4", "5"];
                for (int second = 0; second < 5; second++)
                {
                    Task<FetchedRecords?> next = FakeCluster.Start(consumer.ReadAsync(TimeSpan.FromSeconds(1)));
                    world.Pass(TimeSpan.FromSeconds(2));
                    if (next.IsCompletedSuccessfully)
                    {
                        Assert.All(Take(next.Result).Values.SelectMany(values => values), value => Assert.Contains(value, known));
                    }
                    else
                    {
                        Assert.IsType<KafkaException>(next.Exception?.InnerException);
                    }
                }

                Fill(topic, 4, 6);
                for (int partition = 0; partition < 2; partition++)
                {
                    consumer.Seek(new TopicPartition("t", partition), StartAt.Offset(new Offset(2)));
                }

                SortedDictionary<int, List<string>> after = Read(world, consumer, 2);
                Assert.Equal(["4"], after[0]);
                Assert.Equal(["5"], after[1]);
            }
        });
    }

    [Fact]
    public void A_broker_whose_bytes_come_one_by_one_loses_doubles_and_reorders_nothing() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            CuttingNetwork network = world.Cut();
            network.ByteTime = TimeSpan.FromMilliseconds(10);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();

            List<Task<ProduceResult>> results =
            [
                .. Enumerable.Range(0, Records).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Record(i, 0)))),
            ];
            results.ForEach(sent => world.Finish(sent));

            Assert.Equal(Enumerable.Range(0, Records).Select(i => $"{i}"), topic.Partitions[0].Values);
        });

    /// <summary>
    /// A response with a wrong bit may say anything. Whatever it says, each record stands in the log once at most and in order, and the
    /// next ones go through.
    /// </summary>
    [Fact]
    public void A_broker_that_lies_in_any_byte_of_a_response_doubles_and_reorders_nothing() =>
        OneThread.Run(context =>
        {
            for (int at = 0; at < 90; at++)
            {
                foreach (byte bit in new byte[] { 1, 0x80 })
                {
                    using FakeCluster world = new(context);
                    FakeTopic topic = world.AddTopic("t");
                    Producer producer = world.Connect().CreateProducer();
                    world.Finish(producer.ProduceAsync("t", Record(0, 0)));
                    bool lies = true;
                    world.Brokers[0].Distort = frame =>
                    {
                        if (lies && at < frame.Length)
                        {
                            frame[at] ^= bit;
                        }

                        lies = false;
                        return frame;
                    };

                    List<Task<ProduceResult>> results =
                    [
                        .. Enumerable.Range(1, 3).Select(i => FakeCluster.Start(producer.ProduceAsync("t", Record(i, 0)))),
                    ];
                    for (int second = 0; second < 130; second++)
                    {
                        world.Advance(TimeSpan.FromSeconds(1));
                    }

                    Assert.All(results, sent => Assert.True(sent.IsCompleted, $"byte {at}"));
                    ProduceResult after = world.Finish(producer.ProduceAsync("t", Record(4, 0)));

                    List<int> values = [.. topic.Partitions[0].Values.Select(int.Parse)];
                    Assert.Equal(values.Distinct().Order(), values);
                    Assert.Equal(4, values[^1]);
                    Assert.Equal(values.Count - 1, after.Offset.Value);
                    Assert.All(
                        results.Select((sent, i) => (sent, i)),
                        each => Assert.True(!each.sent.IsCompletedSuccessfully || values.Contains(each.i + 1))
                    );
                }
            }
        });

    [Fact]
    public void A_partition_that_a_member_does_not_know_of_yet_is_waited_for_and_one_that_never_comes_is_an_error() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t", partitions: 1);
            using Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { GroupId = "g", AutoCommit = false });
            consumer.Assign(new TopicPartition("t", 1), StartAt.Beginning);
            Task<FetchedRecords?> first = FakeCluster.Start(consumer.ReadAsync(TimeSpan.FromSeconds(30)));
            world.Pass(TimeSpan.FromSeconds(5));
            Assert.False(first.IsCompleted);
            topic.Partitions.Add(new FakePartition(1, new NodeId(0)));
            Fill(topic, 1, 2);

            Assert.Equal(["1"], Take(world.Finish(first))[1]);
            consumer.Assign(new TopicPartition("t", 5), StartAt.Beginning);
            KafkaException never = world.Fails(() => consumer.ReadAsync(TimeSpan.FromMinutes(2)));
            Assert.Contains("there is no t-5: the topic has 2 partitions", never.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void A_quotas_penalty_is_waited_out_before_the_next_request_on_the_connection() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Record(0, 0)));
            bool throttles = true;
            world.Intercept = (_, message) =>
            {
                if (message is not ProduceRequest produce || !throttles)
                {
                    return null;
                }

                throttles = false;
                ProduceResponse response = new()
                {
                    ThrottleTimeMs = 700,
                    Responses =
                    [
                        new()
                        {
                            Name = "t",
                            TopicId = produce.TopicData[0].TopicId,
                            PartitionResponses = [new() { Index = 0, BaseOffset = new Offset(1) }],
                        },
                    ],
                };
                return new Reply(response, Apply: true);
            };
            world.Finish(producer.ProduceAsync("t", Record(1, 0)));
            int before = world.Received<ProduceRequest>().Count;

            Task<ProduceResult> next = FakeCluster.Start(producer.ProduceAsync("t", Record(2, 0)));
            world.Pass(TimeSpan.FromMilliseconds(690));
            Assert.Equal(before, world.Received<ProduceRequest>().Count);
            world.Pass(TimeSpan.FromMilliseconds(50));

            Assert.Equal(before + 1, world.Received<ProduceRequest>().Count);
            Assert.True(next.IsCompletedSuccessfully);
        });

    [Theory]
    [InlineData(ErrorCode.RebootstrapRequired)]
    [InlineData(ErrorCode.None)]
    public void A_broker_that_knows_the_cluster_no_longer_is_left_for_the_next_one(ErrorCode code) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context, brokers: 3);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", Record(0, 0)));
            topic.Partitions[0].Leader = new NodeId(2);
            world.Intercept = (node, message) =>
                message is MetadataRequest && node.Value < 2 ? new Reply(new MetadataResponse { ErrorCode = code }) : null;

            world.Finish(producer.ProduceAsync("t", Record(1, 0)));

            Assert.Equal(["0", "1"], topic.Partitions[0].Values);
        });

    private static int Move(FakeTopic topic)
    {
        foreach (FakePartition partition in topic.Partitions)
        {
            partition.Leader = new NodeId((partition.Leader.Value + 1) % 3);
            partition.Epoch = new LeaderEpoch(partition.Epoch.Value + 1);
        }

        return 1;
    }

    private static void Fill(FakeTopic topic, int first, int end)
    {
        for (int i = first; i < end; i++)
        {
            using RecordBatchBuilder builder = new(new RecordBatchOptions(1 << 20));
            builder.TryAppend(i, NullableBytes.Null, Encoding.ASCII.GetBytes($"{i}"));
            topic.Partitions[i % 2].Place(builder.Seal().ToArray());
        }
    }

    private static SortedDictionary<int, List<string>> Read(FakeCluster world, Consumer consumer, int records)
    {
        SortedDictionary<int, List<string>> read = new() { [0] = [], [1] = [] };
        for (int turn = 0; turn < 300 && read.Values.Sum(values => values.Count) < records; turn++)
        {
            foreach ((int partition, List<string> values) in Take(world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(1)))))
            {
                read[partition].AddRange(values);
            }
        }

        return read;
    }

    private static SortedDictionary<int, List<string>> Take(FetchedRecords? records)
    {
        SortedDictionary<int, List<string>> taken = [];
        if (records is not null)
        {
            List<string> values = taken[records.Partition.Partition] = [];
            foreach (RecordView record in records)
            {
                values.Add(Encoding.ASCII.GetString(record.Value.Span));
            }

            records.Dispose();
        }

        return taken;
    }

    private static ProducerRecord Record(int value, int partition) =>
        new(null, Encoding.ASCII.GetBytes($"{value}")) { Partition = partition };
}
