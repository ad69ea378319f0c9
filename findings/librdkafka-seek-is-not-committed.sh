#!/usr/bin/env bash
# librdkafka 2.16.0 under Confluent.Kafka 2.16.0, on its mock cluster: Seek does not move what Commit and Close commit. A consumer that read five records, sought back to the
# third because it failed, and is closed before it reads again, has offset 5 committed (by Commit() as by the automatic commit in Close): the records it
# wanted again are skipped by whoever comes next. The Java client, which commits the position, commits 2 there. Committing 2 by hand after the Seek does
# not help where commits are automatic: Close commits 5 over it.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
TopicPartition partition = new("topic", 0);
for (int i = 0; i < 10; i++)
{
    await host.ProduceAsync(partition, new Message<Null, string> { Value = $"v{i}" });
}

Console.WriteLine($"manual: {Committed("manual", automatic: false, consumer => consumer.Commit())}");
Console.WriteLine($"automatic: {Committed("automatic", automatic: true, consumer => consumer.Close())}");
Console.WriteLine($"committed by hand before Close: {Committed("both", automatic: true, consumer =>
{
    consumer.Commit([new TopicPartitionOffset(partition, 2)]);
    consumer.Close();
})}");
Console.WriteLine($"committed by hand, nothing automatic: {Committed("hand", automatic: false, consumer =>
{
    consumer.Commit([new TopicPartitionOffset(partition, 2)]);
    consumer.Close();
})}");

Offset Committed(string group, bool automatic, Action<IConsumer<Ignore, string>> end)
{
    using (IConsumer<Ignore, string> consumer = Consumer(group, automatic))
    {
        consumer.Assign(new TopicPartitionOffset(partition, 0));
        ConsumeResult<Ignore, string>[] read = [.. Enumerable.Range(0, 5).Select(_ => consumer.Consume(TimeSpan.FromSeconds(20)))];
        consumer.Seek(read[2].TopicPartitionOffset);
        end(consumer);
    }

    using IConsumer<Ignore, string> next = Consumer(group, automatic: false);
    return next.Committed([partition], TimeSpan.FromSeconds(20))[0].Offset;
}

IConsumer<Ignore, string> Consumer(string group, bool automatic) => new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = group, EnableAutoCommit = automatic }).SetLogHandler((_, _) => { }).Build();
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'Commit after a Seek to 2 commits 5' '^manual: 5$' "$out"
expect 'so does Close' '^automatic: 5$' "$out"
expect 'Close overrides what was committed by hand after the Seek' '^committed by hand before Close: 5$' "$out"
expect 'only without automatic commits it stays' '^committed by hand, nothing automatic: 2$' "$out"
