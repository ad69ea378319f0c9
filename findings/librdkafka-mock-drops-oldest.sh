#!/usr/bin/env bash
# librdkafka 2.16.0's mock cluster (test.mock.num.brokers), under Confluent.Kafka 2.16.0: a partition keeps about 5 MB. Acknowledged records beyond that push the
# oldest batches out at once, with no setting and no word, and a consumer from the beginning starts behind them. A load test against it loses records.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
TopicPartition partition = new("topic", 0);
string value = new('v', 900_000);
for (int i = 0; i < 12; i++)
{
    await host.ProduceAsync(partition, new Message<Null, string> { Value = value });
}

using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "group", AutoOffsetReset = AutoOffsetReset.Earliest }).SetLogHandler((_, _) => { }).Build();
WatermarkOffsets offsets = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(20));
Console.WriteLine($"12 records of 900,000 bytes acknowledged, offsets {offsets.Low} to {offsets.High}");
consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
Console.WriteLine($"first record read: {consumer.Consume(TimeSpan.FromSeconds(30))?.Offset}");
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'seven of twelve are gone' '^12 records of 900,000 bytes acknowledged, offsets 7 to 12$' "$out"
expect 'a consumer from the beginning starts at the eighth' '^first record read: 7$' "$out"
