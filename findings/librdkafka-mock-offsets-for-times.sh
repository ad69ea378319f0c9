#!/usr/bin/env bash
# librdkafka 2.16.0's mock cluster (test.mock.num.brokers), under Confluent.Kafka 2.16.0: OffsetsForTimes finds no offset for any time, not even for one
# before the first record, where a broker answers the first offset. The result is the same End (-1) that means "nothing is that new", so code that seeks
# by time silently starts at the end.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
DeliveryResult<Null, string> report = await host.ProduceAsync(
    "topic", new Message<Null, string> { Value = "v", Timestamp = new Timestamp(1_700_000_000_000, TimestampType.CreateTime) });
using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "group" }).SetLogHandler((_, _) => { }).Build();
foreach (long time in new[] { 0L, 1_700_000_000_000, 1_800_000_000_000 })
{
    TopicPartitionTimestamp asked = new("topic", report.Partition, new Timestamp(time, TimestampType.CreateTime));
    Console.WriteLine($"time {time}: {consumer.OffsetsForTimes([asked], TimeSpan.FromSeconds(20))[0].Offset}");
}
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'a time before the record finds nothing' '^time 0: End \[-1\]$' "$out"
expect 'its own time finds nothing' '^time 1700000000000: End \[-1\]$' "$out"
expect 'a later time finds nothing' '^time 1800000000000: End \[-1\]$' "$out"
