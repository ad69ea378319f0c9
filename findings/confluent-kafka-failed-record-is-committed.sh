#!/usr/bin/env bash
# Confluent.Kafka 2.16.0 on librdkafka 2.16.0's mock cluster: a record whose deserializer throws counts as read. Consume throws a ConsumeException, and the program has had nothing
# of the record; yet Close in a finally block, as in the package's example, and Commit commit the offset after it. So a consumer that ends at a bad record, to be started again
# with a deserializer that can read it (a schema registry that was down, a new version of the type), goes on behind it: the record is lost to the group. The Java client's poll
# throws too, and its position stays at the record. Only with EnableAutoOffsetStore off, and StoreOffset after each record, is it read again.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app <<'CS'
TopicPartition partition = new("orders", 0);
for (int i = 0; i < 6; i++)
{
    await host.ProduceAsync(partition, new Message<Null, string> { Value = $"order {i}" });
}

Run("closed at the exception", storesItself: true, consumer => consumer.Close());
Run("committed at the exception", storesItself: true, consumer => consumer.Commit());
Run("stored by hand", storesItself: false, consumer => consumer.Close());

void Run(string name, bool storesItself, Action<IConsumer<Ignore, string>> end)
{
    string group = name.Replace(' ', '-');
    int read = 0;
    string thrown = "";
    using (IConsumer<Ignore, string> consumer = Consumer(group, storesItself, new Failing()))
    {
        consumer.Assign(partition);
        try
        {
            while (true)
            {
                ConsumeResult<Ignore, string> result = consumer.Consume(TimeSpan.FromSeconds(20));
                read++;
                if (!storesItself)
                {
                    consumer.StoreOffset(result);
                }
            }
        }
        catch (ConsumeException e)
        {
            thrown = $"{e.Error.Code} at offset {e.ConsumerRecord.Offset}";
        }
        finally
        {
            end(consumer);
        }
    }

    using IConsumer<Ignore, string> restarted = Consumer(group, storesItself, Deserializers.Utf8);
    restarted.Assign(partition);
    string next = restarted.Consume(TimeSpan.FromSeconds(20)).Message.Value;
    Console.WriteLine($"{name}: {read} read, {thrown}, started again it reads '{next}'");
}

IConsumer<Ignore, string> Consumer(string group, bool storesItself, IDeserializer<string> values) => new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig
    {
        BootstrapServers = servers,
        GroupId = group,
        AutoOffsetReset = AutoOffsetReset.Earliest,
        EnableAutoOffsetStore = storesItself,
    }).SetValueDeserializer(values).SetLogHandler((_, _) => { }).Build();

class Failing : IDeserializer<string>
{
    public string Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        string text = Deserializers.Utf8.Deserialize(data, isNull, context);
        return text == "order 3" ? throw new InvalidOperationException("the schema registry is down") : text;
    }
}
CS
out=$(timeout 200 dotnet "$app")
echo "$out"
expect 'Close commits past the record' "^closed at the exception: 3 read, Local_ValueDeserialization at offset 3, started again it reads 'order 4'\$" "$out"
expect 'so does Commit' "^committed at the exception: 3 read, Local_ValueDeserialization at offset 3, started again it reads 'order 4'\$" "$out"
expect 'with offsets stored by hand it is read again' "^stored by hand: 3 read, Local_ValueDeserialization at offset 3, started again it reads 'order 3'\$" "$out"
