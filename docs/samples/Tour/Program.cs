using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Hosting;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Testing;

// A broker in this process. With a cluster of your own: new KafkaCluster(new ClientOptions { BootstrapServers = ... }).
await using EmbeddedCluster cluster = await EmbeddedCluster.StartAsync();
(await cluster.Client.Admin.CreateTopicsAsync([new NewTopic("orders", 3, 1)]))[0].ThrowIfFailed();

// Produce: typed keys and values, awaited or not.
await using (Producer<string, int> producer = cluster.Client.CreateProducer<string, int>())
{
    for (int i = 0; i < 10; i++)
    {
        await producer.ProduceAsync("orders", $"customer-{i % 3}", i);
    }
}

// Consume as a member of a group: one record at a time.
ConsumerOptions options = new()
{
    GroupId = "tour",
    GroupProtocol = GroupProtocol.Consumer,
    OffsetReset = OffsetReset.Earliest,
};
await using (Consumer<string, int> consumer = cluster.Client.CreateConsumer<string, int>(options))
{
    consumer.Subscribe(["orders"]);
    int count = 0;
    await foreach (ConsumedRecord<string, int> record in consumer.ConsumeAsync())
    {
        Console.WriteLine($"{record.Key} ordered {record.Value}");
        if (++count == 10)
        {
            break;
        }
    }
}

// Handlers in parallel, in the order of keys.
using CancellationTokenSource enough = new();
await using (Consumer<string, int> consumer = cluster.Client.CreateConsumer<string, int>(options with { GroupId = "parallel" }))
{
    consumer.Subscribe(["orders"]);
    int count = 0;
    await consumer.ProcessAsync(
        (record, _) =>
        {
            if (Interlocked.Increment(ref count) == 10)
            {
                enough.Cancel();
            }

            return ValueTask.CompletedTask;
        },
        new ProcessingOptions { Order = ProcessingOrder.Key },
        enough.Token
    );
    Console.WriteLine($"handled {count} in parallel");
}

// Transactions: what is read, what is written for it, and how far was read, all of it or nothing.
(await cluster.Client.Admin.CreateTopicsAsync([new NewTopic("invoices", 1, 1)]))[0]
    .ThrowIfFailed();
await using (Consumer orders = cluster.Client.CreateConsumer(options with { GroupId = "billing", AutoCommit = false }))
await using (Producer billing = cluster.Client.CreateProducer(new ProducerOptions { TransactionalId = "billing-1" }))
{
    orders.Subscribe(["orders"]);
    await billing.InitTransactionsAsync();
    int billed = 0;
    while (billed < 10)
    {
        using FetchedRecords? records = await orders.ReadAsync(TimeSpan.FromMinutes(1));
        if (records is null)
        {
            continue;
        }

        await using Transaction transaction = billing.BeginTransaction();
        foreach (RecordView record in records)
        {
            _ = transaction.ProduceAsync("invoices", new ProducerRecord(record.Key.ToArray(), record.Value.ToArray()));
            billed++;
        }

        await transaction.SendOffsetsAsync(
            orders.GroupMetadata,
            new Dictionary<TopicPartition, Offset> { [records.Partition] = records.Next }
        );
        await transaction.CommitAsync();
    }
}

using (Consumer invoices = cluster.Client.CreateConsumer(new ConsumerOptions { ReadCommitted = true }))
{
    invoices.Assign(new TopicPartition("invoices", 0), StartAt.Beginning);
    int count = 0;
    await foreach (ConsumedRecord _ in invoices.ConsumeAsync())
    {
        if (++count == 10)
        {
            break;
        }
    }

    Console.WriteLine($"billed {count} orders in transactions");
}

// In a host: a consumer as a service.
HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
Total total = new();
builder
    .Services.AddSingleton(total)
    .AddRaftLog(cluster.BootstrapServers)
    .AddRaftLogConsumer<AddUp, string, int>(
        new ConsumerServiceOptions { Topics = ["orders"], Consumer = options with { GroupId = "hosted" } }
    );
using IHost host = builder.Build();
await host.StartAsync();
await total.Done.Task;
await host.StopAsync();
Console.WriteLine($"hosted: the orders add up to {total.Sum}");

internal sealed class Total
{
    private int _count;
    private int _sum;

    public TaskCompletionSource Done { get; } = new();

    public int Sum => _sum;

    public void Add(int value)
    {
        Interlocked.Add(ref _sum, value);
        if (Interlocked.Increment(ref _count) == 10)
        {
            Done.SetResult();
        }
    }
}

internal sealed class AddUp(Total total) : IRecordHandler<string, int>
{
    public ValueTask HandleAsync(ConsumedRecord<string, int> record, CancellationToken cancel)
    {
        total.Add(record.Value);
        return ValueTask.CompletedTask;
    }
}
