#!/usr/bin/env bash
# librdkafka 2.16.0's mock cluster (test.mock.num.brokers), under Confluent.Kafka 2.16.0: it fences nobody. When a second producer has initialised the same
# transactional id, the first one still begins a transaction, produces, and commits without an error; a broker answers PRODUCER_FENCED. A test of zombie
# fencing cannot pass there, and a test of two instances by mistake cannot fail.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
TopicPartition output = new("output", 0);
using IProducer<Null, string> first = Initialised();
using IProducer<Null, string> second = Initialised();
first.BeginTransaction();
DeliveryResult<Null, string> written = await first.ProduceAsync(output, new Message<Null, string> { Value = "of the first" });
first.CommitTransaction(TimeSpan.FromSeconds(20));
Console.WriteLine($"the first producer, after the second was initialised: committed offset {written.Offset}");
second.BeginTransaction();
written = await second.ProduceAsync(output, new Message<Null, string> { Value = "of the second" });
second.CommitTransaction(TimeSpan.FromSeconds(20));
Console.WriteLine($"the second producer: committed offset {written.Offset}");

IProducer<Null, string> Initialised()
{
    IProducer<Null, string> producer = new ProducerBuilder<Null, string>(
        new ProducerConfig { BootstrapServers = servers, TransactionalId = "transactional" }).SetLogHandler((_, _) => { }).Build();
    producer.InitTransactions(TimeSpan.FromSeconds(20));
    return producer;
}
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'the first producer commits although it was replaced' '^the first producer, after the second was initialised: committed offset [0-9]+$' "$out"
expect 'and so does the second' '^the second producer: committed offset [0-9]+$' "$out"
