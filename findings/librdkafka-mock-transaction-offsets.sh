#!/usr/bin/env bash
# librdkafka 2.16.0's mock cluster (test.mock.num.brokers), under Confluent.Kafka 2.16.0: offsets sent to a transaction are accepted, the transaction commits, and
# nothing is stored: the group's committed offset is as unset as before. A plain commit of the same consumer is stored. A consume-transform-produce loop that is tested
# there begins at the same record after every restart, although each call has succeeded.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
TopicPartition input = new("input", 0);
for (int i = 0; i < 3; i++)
{
    await host.ProduceAsync(input, new Message<Null, string> { Value = "v" });
}

using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "group", EnableAutoCommit = false, AutoOffsetReset = AutoOffsetReset.Earliest })
    .SetLogHandler((_, _) => { }).Build();
consumer.Subscribe(input.Topic);
Console.WriteLine($"read: {consumer.Consume(TimeSpan.FromSeconds(30))?.Offset}");
using IProducer<Null, string> producer = new ProducerBuilder<Null, string>(
    new ProducerConfig { BootstrapServers = servers, TransactionalId = "transactional" }).SetLogHandler((_, _) => { }).Build();
producer.InitTransactions(TimeSpan.FromSeconds(20));
producer.BeginTransaction();
producer.SendOffsetsToTransaction([new TopicPartitionOffset(input, 2)], consumer.ConsumerGroupMetadata, TimeSpan.FromSeconds(20));
producer.CommitTransaction(TimeSpan.FromSeconds(20));
Console.WriteLine($"after the transaction: {Committed()}");
consumer.Commit([new TopicPartitionOffset(input, 1)]);
Console.WriteLine($"after a plain commit: {Committed()}");

Offset Committed() => consumer.Committed([input], TimeSpan.FromSeconds(20))[0].Offset;
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'the consumer has read the first record' '^read: 0$' "$out"
expect 'the committed transaction has stored no offset' '^after the transaction: Unset \[-1001\]$' "$out"
expect 'a plain commit is stored' '^after a plain commit: 1$' "$out"
