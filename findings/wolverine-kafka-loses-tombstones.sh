#!/usr/bin/env bash
# WolverineFx.Kafka 6.62.0 on librdkafka 2.16.0's mock cluster: a record with a null value, which is how a compacted topic says "deleted", reaches no handler and, with the
# native dead letter queue on, no dead letter topic either: the move fails for want of a body, is logged, and the offset is committed all the same. A record
# whose handler throws is moved as promised. So what follows a compacted topic misses every deletion, and the topic that is watched for losses is empty.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app 3 'WolverineFx.Kafka 6.62.0;WolverineFx.RuntimeCompilation 6.62.0;Microsoft.Extensions.Hosting 10.0.0' <<'CS'
using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Kafka;

TopicPartition partition = new("orders", 0);
foreach (string? value in new[] { "{\"Number\":0}", null, "{\"Number\":2}", "{\"Number\":3}" })
{
    await host.ProduceAsync(partition, new Message<Null, string> { Value = value! });
}

using IHost application = Host.CreateDefaultBuilder()
    .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.None))
    .UseWolverine(options =>
    {
        options.UseRuntimeCompilation();
        options.UseKafka(servers);
        options.ListenToKafkaTopic("orders").ReceiveRawJson<Order>().ProcessInline().EnableNativeDeadLetterQueue().ConfigureConsumer(consumer =>
        {
            consumer.GroupId = "group";
            consumer.AutoOffsetReset = AutoOffsetReset.Earliest;
            consumer.AutoCommitIntervalMs = 100;
        });
        options.Policies.OnException<OrderException>().MoveToErrorQueue();
    })
    .Build();
await application.StartAsync();
using IConsumer<Ignore, string> reader = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "group", EnableAutoCommit = false }).SetLogHandler((_, _) => { }).Build();
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
        Console.WriteLine($"dead letter: {reader.Consume(TimeSpan.FromSeconds(20)).Message.Value}");
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
out=$(timeout 240 dotnet "$app" 2>/dev/null)
echo "$out"
expect 'the handler sees the three records with a value' '^handled: 0, 2, 3$' "$out"
expect 'all four are committed' '^committed: 4 of 4$' "$out"
expect 'the record whose handler threw is a dead letter' '^dead letter: \{"[Nn]umber":2\}$' "$out"
expect 'it is the only one' '^1$' "$(grep -c '^dead letter' <<<"$out")"
