using System.Text;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Tests;

/// <summary>What the users of one <see cref="KafkaCluster"/> may not do to one another.</summary>
public class SharedClusterTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_long_poll_holds_up_neither_a_producer_nor_administration_nor_another_consumer() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("idle");
            FakePartition busy = world.AddTopic("busy").Partitions[0];
            KafkaCluster cluster = world.Connect();
            Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { MaxWait = 5 * Second });
            consumer.Assign(new TopicPartition("idle", 0), StartAt.Beginning);
            world.Advance(0.1 * Second);
            Assert.NotEmpty(world.Received<FetchRequest>());
            Producer producer = cluster.CreateProducer();
            Consumer reader = cluster.CreateConsumer();
            reader.Assign(new TopicPartition("busy", 0), StartAt.Beginning);

            long start = world.Time.GetTimestamp();
            world.Finish(producer.ProduceAsync("busy", new ProducerRecord(null, "x"u8.ToArray())));
            world.Finish(cluster.Admin.DescribeClusterAsync());
            using FetchedRecords? records = world.Finish(reader.ReadAsync(Second));

            Assert.NotNull(records);
            Assert.InRange(world.Time.GetElapsedTime(start).TotalMilliseconds, 0, 200);
            Assert.Single(busy.Values);
        });

    [Fact]
    public void A_slow_administrative_call_holds_up_neither_metadata_nor_producers() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            KafkaCluster cluster = world.Connect();
            world.Intercept = (_, message) => message is CreateTopicsRequest ? new Reply(null) : null;
            Task<IReadOnlyList<ItemResult<string>>> creating = FakeCluster.Start(cluster.Admin.CreateTopicsAsync([new NewTopic("new")]));
            world.Settle();
            Producer producer = cluster.CreateProducer();

            long start = world.Time.GetTimestamp();
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "x"u8.ToArray())));

            Assert.False(creating.IsCompleted);
            Assert.InRange(world.Time.GetElapsedTime(start).TotalMilliseconds, 0, 200);
        });

    [Fact]
    public void A_call_that_runs_into_its_deadline_says_so_and_ends_no_other() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            KafkaCluster hasty = world.Connect(options => options with { CallTimeout = 0.2 * Second });
            world.Finish(hasty.Admin.DescribeClusterAsync());
            world.Intercept = (_, message) => message is CreateTopicsRequest ? new Reply(null) : null;

            KafkaException late = world.Fails(() => hasty.Admin.CreateTopicsAsync([new NewTopic("new")]));
            world.Finish(hasty.Admin.DescribeClusterAsync());

            Assert.Contains("has not responded to CreateTopics within ", late.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("within 0 ms", late.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void A_connect_that_takes_all_the_time_is_named_as_the_reason() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            KafkaCluster hasty = world.Connect(options => options with { CallTimeout = 0.2 * Second });
            world.Intercept = (_, message) => message is ApiVersionsRequest ? new Reply(null) : null;
            world.Brokers[0].Distort = _ => [];

            KafkaException late = world.Fails(() => hasty.Admin.DescribeClusterAsync());

            Assert.Equal(ErrorCode.NetworkException, late.Code);
            Assert.Contains("could not be reached within ", late.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void Cancelling_ends_a_call_at_once_and_leaves_its_connection_to_the_others() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            KafkaCluster cluster = world.Connect();
            world.Finish(cluster.Admin.DescribeClusterAsync());
            Func<RequestHeader, IMessage, ValueTask<IMessage?>> response = world.Brokers[0].RespondLater!;
            world.Brokers[0].RespondLater = async (header, message) =>
            {
                await world.Waiters.Delay(message is CreateTopicsRequest ? 2 * Second : TimeSpan.Zero);
                return await response(header, message);
            };
            using CancellationTokenSource cancel = new();
            Task<IReadOnlyList<ItemResult<string>>> creating = FakeCluster.Start(
                cluster.Admin.CreateTopicsAsync([new NewTopic("new")], cancel: cancel.Token)
            );
            world.Settle();
            int connections = world.Brokers[0].Connections;

            cancel.Cancel();
            world.Settle();
            ClusterDescription described = world.Finish(cluster.Admin.DescribeClusterAsync());

            Assert.True(creating.IsCanceled);
            Assert.NotEmpty(described.Brokers);
            Assert.Equal(connections, world.Brokers[0].Connections);
        });

    [Fact]
    public void Cancelling_a_produce_that_waits_sends_nothing() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Producer producer = world.Connect().CreateProducer();
            using CancellationTokenSource cancel = new();
            Task<ProduceResult> waiting = FakeCluster.Start(
                producer.ProduceAsync("later", new ProducerRecord(null, "x"u8.ToArray()), cancel.Token)
            );
            world.Advance(Second);
            Assert.False(waiting.IsCompleted);

            cancel.Cancel();
            world.Settle();
            FakeTopic topic = world.AddTopic("later");
            world.Finish(producer.ProduceAsync("later", new ProducerRecord(null, "y"u8.ToArray())));

            Assert.True(waiting.IsCanceled);
            Assert.Equal(["y"], topic.Partitions[0].Values);
        });

    [Fact]
    public void Cancelling_the_wait_for_an_acknowledgement_ends_that_wait_alone() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world.Connect().CreateProducer();
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "a"u8.ToArray())));
            Func<RequestHeader, IMessage, ValueTask<IMessage?>> response = world.Brokers[0].RespondLater!;
            world.Brokers[0].RespondLater = async (header, message) =>
            {
                await world.Waiters.Delay(message is ProduceRequest ? Second : TimeSpan.Zero);
                return await response(header, message);
            };
            using CancellationTokenSource cancel = new();
            Task<ProduceResult> given = FakeCluster.Start(
                producer.ProduceAsync("t", new ProducerRecord(null, "b"u8.ToArray()), cancel.Token)
            );
            Task<ProduceResult> kept = FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(null, "c"u8.ToArray())));
            world.Settle();

            cancel.Cancel();
            world.Settle();
            Assert.True(given.IsCanceled);
            for (int i = 0; i < 10; i++)
            {
                // The completion of the wait that was cancelled must serve no other record.
                Assert.Equal(new Offset(3 + i), world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "d"u8.ToArray()))).Offset);
            }

            Assert.Equal(new Offset(2), world.Finish(kept).Offset);
            Assert.Equal(13, topic.Partitions[0].Values.Count());
        });

    [Fact]
    public void Cancelling_the_wait_for_memory_gives_the_next_in_line_its_turn() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer producer = world
                .Connect()
                .CreateProducer(
                    new ProducerOptions
                    {
                        BatchSize = 2048,
                        MaxRequestSize = 2048,
                        BufferMemory = 2048,
                    }
                );
            world.Finish(producer.ProduceAsync("t", new ProducerRecord(null, "a"u8.ToArray())));
            bool silent = true;
            world.Intercept = (_, message) => message is ProduceRequest && silent ? new Reply(null) : null;
            byte[] large = Encoding.ASCII.GetBytes(new string('x', 1500));
            Task<ProduceResult> first = FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(null, large)));
            using CancellationTokenSource cancel = new();
            Task<ProduceResult> second = FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(null, large), cancel.Token));
            Task<ProduceResult> third = FakeCluster.Start(producer.ProduceAsync("t", new ProducerRecord(null, "c"u8.ToArray())));
            world.Settle();

            cancel.Cancel();
            world.Settle();
            silent = false;

            Assert.True(second.IsCanceled);
            world.Finish(first);
            world.Finish(third);
            Assert.Equal(3, topic.Partitions[0].Values.Count());
        });
}
