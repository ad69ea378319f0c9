using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Hosting;
using RaftLog.Client.Produce;
using RaftLog.Client.Serialization;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Testing;

/// <summary>The examples of docs/client.md, each as it stands there, so that they compile.</summary>
public static class Guide
{
    public static void Connect()
    {
        using KafkaCluster cluster = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers("127.0.0.1:9092") });
    }

    public static async Task ProduceAsync(KafkaCluster cluster, byte[] key, byte[] value, CancellationToken cancel)
    {
        await using Producer producer = cluster.CreateProducer(new ProducerOptions { Compression = CompressionType.Lz4 });
        ProduceResult written = await producer.ProduceAsync("orders", new ProducerRecord(key, value), cancel);
        await producer.FlushAsync(cancel);
    }

    public static async Task ProduceTypedAsync(KafkaCluster cluster, Order order, CancellationToken cancel)
    {
        await using Producer<string, Order> producer = cluster.CreateProducer<string, Order>(values: Serdes.Json(MyContext.Default.Order));
        await producer.ProduceAsync("orders", order.Id, order, cancel);
    }

    public static async Task TransactAsync(
        KafkaCluster cluster,
        Consumer consumer,
        FetchedRecords records,
        byte[] key,
        byte[] value,
        CancellationToken cancel
    )
    {
        await using Producer producer = cluster.CreateProducer(new ProducerOptions { TransactionalId = "billing-1" });
        await producer.InitTransactionsAsync(cancel);

        await using Transaction transaction = producer.BeginTransaction();
        _ = transaction.ProduceAsync("invoices", new ProducerRecord(key, value), cancel);
        await transaction.SendOffsetsAsync(
            consumer.GroupMetadata,
            new Dictionary<TopicPartition, Offset> { [records.Partition] = records.Next },
            cancel
        );
        await transaction.CommitAsync(cancel);
    }

    public static async Task ReadAsync(KafkaCluster cluster, CancellationToken cancel)
    {
        using Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { OffsetReset = OffsetReset.Earliest });
        consumer.Assign(new TopicPartition("orders", 0), StartAt.Beginning);
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(cancel))
        {
            Console.WriteLine($"{record.Partition} {record.Offset}");
        }
    }

    public static async Task ShareAsync(KafkaCluster cluster, IRebalanceListener listener, CancellationToken cancel)
    {
        await using Consumer consumer = cluster.CreateConsumer(
            new ConsumerOptions
            {
                GroupId = "billing",
                OffsetReset = OffsetReset.Earliest,
                AutoCommit = false,
            }
        );
        consumer.Subscribe(["orders"], listener);
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(cancel))
        {
            await HandleAsync(record);
            await consumer.CommitAsync(cancel);
        }
    }

    public static async Task HandleInParallelAsync(Consumer consumer, CancellationToken cancel)
    {
        await consumer.ProcessAsync(HandleAsync, new ProcessingOptions { Order = ProcessingOrder.Key, MaxConcurrency = 32 }, cancel);
    }

    public static async Task HandleByPartitionAsync(Consumer consumer, CancellationToken cancel)
    {
        await foreach (PartitionStream stream in consumer.ConsumePartitionsAsync(cancel: cancel))
        {
            _ = Task.Run(async () =>
            {
                await foreach (ConsumedRecord record in stream)
                {
                    await HandleAsync(record);
                }
            });
        }
    }

    public static async Task ReadTypedAsync(KafkaCluster cluster, ConsumerOptions options)
    {
        await using Consumer<Guid, Order> orders = cluster.CreateConsumer<Guid, Order>(
            options,
            values: Serdes.Json(MyContext.Default.Order)
        );
    }

    public static void Host(HostApplicationBuilder builder)
    {
        builder
            .Services.AddRaftLog("127.0.0.1:9092")
            .AddRaftLogProducer<string, int>()
            .AddRaftLogConsumer<BillingHandler, string, int>(
                new ConsumerServiceOptions
                {
                    Topics = ["orders"],
                    Consumer = new ConsumerOptions { GroupId = "billing", OffsetReset = OffsetReset.Earliest },
                    Processing = new ProcessingOptions { Order = ProcessingOrder.Key, MaxConcurrency = 32 },
                    Retry = new RetryOptions
                    {
                        Topics = [new RetryTopic("orders-retry", TimeSpan.FromMinutes(1))],
                        DeadLetterTopic = "orders-dead",
                    },
                }
            );
        builder.Services.AddHealthChecks().AddCheck<ConsumersHealthCheck>("raftlog");
    }

    public static async Task TestAsync()
    {
        await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(nodes: 3);
        await using Producer producer = cluster.Client.CreateProducer();
        cluster.FailNext(ApiKey.Produce, RequestFault.LoseResponse);
        await cluster.KillNodeAsync(1);
    }

    private static ValueTask HandleAsync(ConsumedRecord record) => ValueTask.CompletedTask;

    private static ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel) => ValueTask.CompletedTask;
}

public sealed record Order(string Id, int Count);

[JsonSerializable(typeof(Order))]
public sealed partial class MyContext : JsonSerializerContext;

public sealed class BillingHandler : IRecordHandler<string, int>
{
    public ValueTask HandleAsync(ConsumedRecord<string, int> record, CancellationToken cancel) => ValueTask.CompletedTask;
}
