using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

/// <summary>Every wait ends when its token is cancelled or its owner is disposed, whatever has become of the cluster.</summary>
public class ClosingTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public void A_consumer_that_never_reached_its_cluster_ends_at_once(GroupProtocol protocol) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            KafkaCluster nowhere = world.Connect(options => options with { BootstrapServers = [new NetworkAddress("nobody", 1)] });
            Consumer consumer = nowhere.CreateConsumer(new ConsumerOptions { GroupId = "g", GroupProtocol = protocol });
            consumer.Subscribe(["t"]);
            using CancellationTokenSource stop = new();
            Task processing = consumer.ProcessAsync((_, _) => ValueTask.CompletedTask, cancel: stop.Token);
            world.Pass(TimeSpan.FromSeconds(5));
            Assert.False(processing.IsCompleted);

            stop.Cancel();
            TimeSpan took = TimeOf(
                world,
                async () =>
                {
                    await processing;
                    await consumer.DisposeAsync();
                }
            );

            Assert.True(took < Soon, $"it took {took}");
        });

    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public void A_member_whose_coordinator_falls_silent_ends_within_its_limit(GroupProtocol protocol) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            bool isSilent = false;
            FakeCoordinator coordinator = new();
            world.Intercept = (_, message) =>
                isSilent && message is not FindCoordinatorRequest ? new Reply(null) : coordinator.Respond(message);
            Consumer consumer = world
                .Connect()
                .CreateConsumer(
                    new ConsumerOptions
                    {
                        GroupId = "g",
                        GroupProtocol = protocol,
                        CloseTimeout = Limit,
                    }
                );
            consumer.Subscribe(["t"]);
            world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));
            Assert.NotEqual("", consumer.GroupMetadata.MemberId);

            isSilent = true;
            TimeSpan took = TimeOf(world, async () => await consumer.DisposeAsync());

            Assert.True(took < Limit + Soon, $"it took {took}");
        });

    [Fact]
    public void A_consumer_that_was_disposed_looks_for_its_coordinator_no_more() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.Intercept = (_, message) =>
                message is FindCoordinatorRequest
                    ? new Reply(new FindCoordinatorResponse { Coordinators = [new() { ErrorCode = ErrorCode.CoordinatorNotAvailable }] })
                    : null;
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { GroupId = "g" });
            consumer.Subscribe(["t"]);
            world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));

            consumer.Dispose();
            world.Pass(Soon);
            int before = world.Received<FindCoordinatorRequest>().Count;
            Assert.NotEqual(0, before);
            world.Pass(TimeSpan.FromSeconds(30));

            Assert.Equal(before, world.Received<FindCoordinatorRequest>().Count);
        });

    [Fact]
    public void Cancelling_ends_the_wait_of_a_record_behind_another() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            Producer producer = world.Connect().CreateProducer();
            Task<ProduceResult> first = FakeCluster.Start(producer.ProduceAsync("unknown", Record()));
            using CancellationTokenSource cancel = new();
            Task<ProduceResult> second = FakeCluster.Start(producer.ProduceAsync("unknown", Record(), cancel.Token));
            world.Pass(Soon);

            cancel.Cancel();
            world.Settle();

            Assert.True(second.IsCanceled);
            Assert.False(first.IsCompleted);
        });

    [Fact]
    public void A_producer_ends_within_its_limit_and_fails_what_is_left() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("silent");
            world.Intercept = (_, message) => message is ProduceRequest ? new Reply(null) : null;
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { CloseTimeout = Limit });
            Task<ProduceResult> sent = FakeCluster.Start(producer.ProduceAsync("silent", Record()));
            Task<ProduceResult> waiting = FakeCluster.Start(producer.ProduceAsync("unknown", Record()));
            Task<ProduceResult> behind = FakeCluster.Start(producer.ProduceAsync("unknown", Record()));
            world.Pass(Soon);

            TimeSpan took = TimeOf(world, async () => await producer.DisposeAsync());
            world.Pass(Soon);

            Assert.True(took < Limit + Soon, $"it took {took}");
            Assert.All([sent, waiting, behind], each => Assert.IsType<KafkaException>(each.Exception?.InnerException));
        });

    [Fact]
    public void Cancelling_ends_an_abort_whose_records_nobody_acknowledges() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            FakeCoordinator coordinator = new();
            world.Intercept = (_, message) => message is ProduceRequest ? new Reply(null) : coordinator.Respond(message);
            Producer producer = world.Connect().CreateProducer(new ProducerOptions { TransactionalId = "tx", CloseTimeout = Limit });
            world.Finish(producer.InitTransactionsAsync());
            Transaction transaction = producer.BeginTransaction();
            Task<ProduceResult> sent = FakeCluster.Start(transaction.ProduceAsync("t", Record()));
            world.Pass(Soon);
            Assert.NotEmpty(world.Received<ProduceRequest>());

            using CancellationTokenSource cancel = new();
            ValueTask abort = transaction.AbortAsync(cancel.Token);
            world.Pass(Soon);
            cancel.Cancel();
            TimeSpan took = TimeOf(world, async () => await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await abort));

            Assert.True(took < Soon, $"it took {took}");
            Assert.False(sent.IsCompleted);
        });

    private static ProducerRecord Record() => new(null, new byte[] { 1 });

    private static TimeSpan TimeOf(FakeCluster world, Func<Task> call)
    {
        DateTimeOffset start = world.Time.GetUtcNow();
        world.Finish(new ValueTask(call()));
        return world.Time.GetUtcNow() - start;
    }
}
