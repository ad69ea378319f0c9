#!/usr/bin/env bash
# librdkafka 2.16.0's mock cluster (test.mock.num.brokers), under Confluent.Kafka 2.16.0: every delivery report says that the broker appended the record at
# 1234 ms after 1970 (LogAppendTime), while a consumer of the same record sees the producer's own CreateTime. A test that checks timestamps against the mock
# cluster checks a constant.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
DeliveryResult<Null, string> report = await host.ProduceAsync(
    "topic", new Message<Null, string> { Value = "v", Timestamp = new Timestamp(1_700_000_000_000, TimestampType.CreateTime) });
Console.WriteLine($"delivery report: {report.Timestamp.Type} {report.Timestamp.UnixTimestampMs}");
using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "group" }).SetLogHandler((_, _) => { }).Build();
consumer.Assign(new TopicPartitionOffset("topic", report.Partition, 0));
ConsumeResult<Ignore, string> read = consumer.Consume(TimeSpan.FromSeconds(20));
Console.WriteLine($"consumed record: {read.Message.Timestamp.Type} {read.Message.Timestamp.UnixTimestampMs}");
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'the report names a constant append time' '^delivery report: LogAppendTime 1234$' "$out"
expect 'the record keeps its own time' '^consumed record: CreateTime 1700000000000$' "$out"
