using System.Text;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>Which epoch and which numbers the batches of a transactional producer bear.</summary>
public class TransactionEpochTests
{
    [Fact]
    public void In_V2_each_transaction_writes_under_the_epoch_that_the_end_before_has_named() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = Open(context, isV2: true);
            Producer producer = Ready(world);

            for (int i = 0; i < 3; i++)
            {
                Commit(world, producer, $"{i}");
            }

            Assert.Equal([(0, 0), (1, 0), (2, 0)], Stamps(world));
            Assert.Equal([0, 1, 2], world.Received<EndTxnRequest>().Select(request => (int)request.ProducerEpoch.Value));
        });

    [Fact]
    public void In_V1_the_numbers_go_on_from_one_transaction_to_the_next() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = Open(context, isV2: false);
            Producer producer = Ready(world);

            for (int i = 0; i < 3; i++)
            {
                Commit(world, producer, $"{i}");
            }

            Assert.Equal([(0, 0), (0, 1), (0, 2)], Stamps(world));
        });

    [Fact]
    public void In_V1_records_that_may_stand_in_the_log_and_are_aborted_cost_an_epoch() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = Open(context, isV2: false, isSilent: static value => value == "lost");
            Producer producer = Ready(world);
            Commit(world, producer, "a");
            Transaction failing = producer.BeginTransaction();
            world.Fails(() => failing.ProduceAsync("t", Text("lost")));
            KafkaException failed = world.Fails(() => failing.CommitAsync());
            Assert.True(failed.NeedsAbort, failed.Message);
            world.Finish(failing.AbortAsync());

            Commit(world, producer, "b");

            Assert.Equal([-1, 0], world.Received<InitProducerIdRequest>().Select(request => (int)request.ProducerEpoch.Value));
            Assert.Equal((1, 0), Stamps(world)[^1]);
            Assert.Equal(["a", "b"], world.Topics["t"].Partitions[0].Values);
        });

    /// <summary>
    /// Between finding that a transaction has ended and taking its records out of the queues another may begin, on another thread. Its
    /// records would be thrown away with those of the one before.
    /// </summary>
    [Fact]
    public async Task No_transaction_begins_while_the_records_of_the_one_before_are_taken_out()
    {
        TransactionFlow flow = new("t", null!, null!);
        Task? begin = null;

        KafkaException? reason = flow.TryReject(() =>
        {
            begin = Task.Run(() => flow.WhyNotWrite(out _));
            Thread.Sleep(50);
            Assert.False(begin.IsCompleted, "a record was let in");
        });

        Assert.Equal(ErrorCode.TransactionAbortable, reason!.Code);
        await begin!;
    }

    private static FakeCluster Open(OneThread context, bool isV2, Func<string, bool>? isSilent = null)
    {
        FakeCluster world = new(context);
        world.AddTopic("t");
        world.Brokers[0].Features["transaction.version"] = (short)(isV2 ? 2 : 1);
        FakeCoordinator coordinator = new() { GivesEpochs = isV2 };
        world.Intercept = (_, message) =>
            message is ProduceRequest produce && isSilent?.Invoke(ValueOf(produce)) == true
                ? new Reply(null)
                : coordinator.Respond(message);
        return world;
    }

    private static Producer Ready(FakeCluster world)
    {
        Producer producer = world
            .Connect(options => options with { RequestTimeout = TimeSpan.FromSeconds(1) })
            .CreateProducer(new ProducerOptions { TransactionalId = "tx", DeliveryTimeout = TimeSpan.FromSeconds(5) });
        world.Finish(producer.InitTransactionsAsync());
        return producer;
    }

    private static void Commit(FakeCluster world, Producer producer, string value)
    {
        Transaction transaction = producer.BeginTransaction();
        Task<ProduceResult> sent = FakeCluster.Start(transaction.ProduceAsync("t", Text(value)));
        world.Finish(transaction.CommitAsync());
        world.Finish(sent);
    }

    private static ProducerRecord Text(string value) => new(null, Encoding.UTF8.GetBytes(value));

    private static List<(int Epoch, int Sequence)> Stamps(FakeCluster world) =>
        world
            .Received<ProduceRequest>()
            .ConvertAll(static request => ((int)BatchOf(request).Producer.Epoch.Value, BatchOf(request).Producer.BaseSequence));

    private static RecordBatch BatchOf(ProduceRequest request)
    {
        RecordBatch.Read(request.TopicData[0].PartitionData[0].Records!.Value.Span, out RecordBatch batch);
        return batch;
    }

    private static string ValueOf(ProduceRequest request)
    {
        using RecordSection section = RecordSection.Open(BatchOf(request), 1 << 20);
        foreach (RaftLog.Protocol.Records.Record record in section)
        {
            return Encoding.UTF8.GetString(record.Value.Span);
        }

        return "";
    }
}
