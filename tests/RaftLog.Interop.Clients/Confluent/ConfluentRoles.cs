using Confluent.Kafka;

namespace RaftLog.Interop.Clients.Confluent;

/// <summary>Producing and reading in a group with Confluent.Kafka.</summary>
internal static class ConfluentRoles
{
    private const int Keys = 100;

    /// <summary>Sends each line of the input as a value, keyed by the number that it is.</summary>
    public static void Produce(string bootstrap, string topic, TextReader values)
    {
        using IProducer<string, string> producer = new ProducerBuilder<string, string>(
            new ProducerConfig
            {
                BootstrapServers = bootstrap,
                EnableIdempotence = true,
                LingerMs = 5,
                ReconnectBackoffMaxMs = 500,
            }
        ).Build();
        string? failure = null;
        while (values.ReadLine() is { } value)
        {
            Message<string, string> message = new() { Key = $"k{int.Parse(value) % Keys}", Value = value };
            producer.Produce(topic, message, report => failure = report.Error.IsError ? $"{report.Value}: {report.Error}" : failure);
            producer.Poll(TimeSpan.Zero);
        }

        producer.Flush(TimeSpan.FromMinutes(2));
        if (failure is not null)
        {
            throw new InvalidOperationException(failure);
        }
    }

    /// <summary>Reads as a member of a group, says 'partition offset key value' for each record, commits what it has said.</summary>
    public static void Member(string protocol, string bootstrap, string group, string topic, string? instance, CancellationToken stop)
    {
        using IConsumer<string, string> consumer = new ConsumerBuilder<string, string>(
            Options(protocol, bootstrap, group, instance)
        ).Build();
        consumer.Subscribe(topic);
        while (!stop.IsCancellationRequested)
        {
            int said = 0;
            while (said < 500 && consumer.Consume(said == 0 ? 200 : 0) is { } record)
            {
                Console.Out.WriteLine($"{record.Partition.Value} {record.Offset.Value} {record.Message.Key} {record.Message.Value}");
                said++;
            }

            if (said > 0)
            {
                Console.Out.Flush();
                TryCommit(consumer);
            }
        }

        consumer.Close();
    }

    private static ConsumerConfig Options(string protocol, string bootstrap, string group, string? instance)
    {
        ConsumerConfig options = new()
        {
            BootstrapServers = bootstrap,
            GroupId = group,
            GroupInstanceId = instance,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            IsolationLevel = IsolationLevel.ReadCommitted,
            ReconnectBackoffMaxMs = 500,
            GroupProtocol = protocol == "consumer" ? GroupProtocol.Consumer : GroupProtocol.Classic,
        };
        if (options.GroupProtocol == GroupProtocol.Classic)
        {
            options.SessionTimeoutMs = 6_000;
            options.PartitionAssignmentStrategy =
                protocol == "range" ? PartitionAssignmentStrategy.Range : PartitionAssignmentStrategy.CooperativeSticky;
        }

        return options;
    }

    // What is not committed is read again by whoever has the partition next.
    private static void TryCommit(IConsumer<string, string> consumer)
    {
        try
        {
            consumer.Commit();
        }
        catch (KafkaException e)
        {
            Console.Error.WriteLine(e.Error);
        }
    }
}
