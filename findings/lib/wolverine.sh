# Sourced by the findings about Wolverine's dead letters, after librdkafka-mock.sh.

# wolverine_app: builds a program that has Wolverine handle four records of one partition (each with a key and a header, the second with a null value, the third one's
# handler throws) with the native dead letter queue on, and prints what was handled, what is committed, and the dead letters.
wolverine_app() {
  mock_app 3 'WolverineFx.Kafka 6.62.0;WolverineFx.RuntimeCompilation 6.62.0;Microsoft.Extensions.Hosting 10.0.0' <<'CS'
using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Kafka;

TopicPartition partition = new("orders", 0);
using IProducer<string, string> producer = new DependentProducerBuilder<string, string>(host.Handle).Build();
foreach (string? value in new[] { "{\"Number\":0}", null, "{\"Number\":2}", "{\"Number\":3}" })
{
    Headers headers = new() { { "source", "shop"u8.ToArray() } };
    await producer.ProduceAsync(partition, new Message<string, string> { Key = "customer-7", Value = value!, Headers = headers });
}

using IHost application = Host.CreateDefaultBuilder()
    .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.None))
    .UseWolverine(options =>
    {
        options.UseRuntimeCompilation();
        options.UseKafka(servers);
        options.ListenToKafkaTopic("orders").ReceiveRawJson<Order>().ProcessInline().EnableNativeDeadLetterQueue().ConfigureConsumer(consumer =>
        {
            consumer.GroupId = "order-readers";
            consumer.AutoOffsetReset = AutoOffsetReset.Earliest;
            consumer.AutoCommitIntervalMs = 100;
        });
        options.Policies.OnException<OrderException>().MoveToErrorQueue();
    })
    .Build();
await application.StartAsync();
using IConsumer<string, string> reader = new ConsumerBuilder<string, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "order-readers", EnableAutoCommit = false }).SetLogHandler((_, _) => { }).Build();
for (int i = 0; i < 300 && Committed() != 4; i++)
{
    await Task.Delay(100);
}

Console.WriteLine($"handled: {string.Join(", ", OrderHandler.Seen)}");
Console.WriteLine($"committed: {Committed()} of 4");
foreach (PartitionMetadata dead in admin.GetMetadata("wolverine-dead-letter-queue", TimeSpan.FromSeconds(10)).Topics[0].Partitions)
{
    TopicPartition letters = new("wolverine-dead-letter-queue", dead.PartitionId);
    reader.Assign(new TopicPartitionOffset(letters, 0));
    for (long left = reader.QueryWatermarkOffsets(letters, TimeSpan.FromSeconds(20)).High.Value; left > 0; left--)
    {
        Message<string, string> letter = reader.Consume(TimeSpan.FromSeconds(20)).Message;
        string headers = string.Join(", ", letter.Headers.Select(header => $"{header.Key}={Encoding.UTF8.GetString(header.GetValueBytes())}"));
        Console.WriteLine($"dead letter: {letter.Value}, key {letter.Key}, headers: {headers}");
    }
}

await application.StopAsync();

Offset Committed() => reader.Committed([partition], TimeSpan.FromSeconds(20))[0].Offset;

public record Order(int Number);

public class OrderException : Exception;

public class OrderHandler
{
    public static ConcurrentQueue<int> Seen { get; } = new();

    public void Handle(Order order)
    {
        Seen.Enqueue(order.Number);
        if (order.Number == 2)
        {
            throw new OrderException();
        }
    }
}
CS
}
