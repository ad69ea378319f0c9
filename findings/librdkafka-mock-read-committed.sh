#!/usr/bin/env bash
# librdkafka 2.16.0's mock cluster (test.mock.num.brokers), under Confluent.Kafka 2.16.0: it takes InitTransactions, AbortTransaction and CommitTransaction
# without an error, and a consumer with isolation.level=read_committed reads the records of an aborted transaction and of one that is still open. A test of
# exactly-once code against the mock cluster passes or fails for reasons of its own.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
DeliveryResult<Null, string> first = await host.ProduceAsync("topic", new Message<Null, string> { Value = "plain" });
using IProducer<Null, string> producer = new ProducerBuilder<Null, string>(
    new ProducerConfig { BootstrapServers = servers, TransactionalId = "transaction", LingerMs = 0 }).SetLogHandler((_, _) => { }).Build();
producer.InitTransactions(TimeSpan.FromSeconds(20));
producer.BeginTransaction();
await producer.ProduceAsync(first.TopicPartition, new Message<Null, string> { Value = "aborted" });
producer.AbortTransaction(TimeSpan.FromSeconds(20));
producer.BeginTransaction();
await producer.ProduceAsync(first.TopicPartition, new Message<Null, string> { Value = "open" });

using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig
    {
        BootstrapServers = servers, GroupId = "group", IsolationLevel = IsolationLevel.ReadCommitted, EnablePartitionEof = true,
    }).SetLogHandler((_, _) => { }).Build();
consumer.Assign(new TopicPartitionOffset("topic", first.Partition, 0));
while (consumer.Consume(TimeSpan.FromSeconds(20)) is { IsPartitionEOF: false } read)
{
    Console.WriteLine($"read_committed reads: {read.Message.Value}");
}
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'what is committed is read' '^read_committed reads: plain$' "$out"
expect 'what was aborted is read too' '^read_committed reads: aborted$' "$out"
expect 'what is still open is read too' '^read_committed reads: open$' "$out"
