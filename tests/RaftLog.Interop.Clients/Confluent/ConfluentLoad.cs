using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;

namespace RaftLog.Interop.Clients.Confluent;

/// <summary>
/// The loads of the benchmark <c>clients</c> with Confluent.Kafka, with librdkafka's limits of its queues raised so that none of them
/// waits. Says in one line: seconds, seconds of processor, milliseconds of half and of 99 of 100 single calls.
/// </summary>
internal static class ConfluentLoad
{
    private const int WarmUp = 200;

    public static void Run(string load, string bootstrap, string topic, int records, int bytes, string acks)
    {
        ProducerConfig config = new()
        {
            BootstrapServers = bootstrap,
            Acks = acks == "all" ? Acks.All : Acks.Leader,
            EnableIdempotence = acks == "all",
            LingerMs = load == "produce" ? 5 : 0,
            BatchSize = 1 << 20,
            QueueBufferingMaxMessages = 2_000_000,
            QueueBufferingMaxKbytes = 2_000_000,
            TransactionalId = load == "transactions" ? topic : null,
        };
        switch (load)
        {
            case "consume":
                Consume(bootstrap, topic, records);
                break;
            case "produce":
                Produce(config, topic, records, new byte[bytes]);
                break;
            case "await":
                AwaitAsync(config, topic, records, new byte[bytes]).GetAwaiter().GetResult();
                break;
            default:
                Transact(config, topic, records, new byte[bytes]);
                break;
        }
    }

    private static void Produce(ProducerConfig config, string topic, int records, byte[] value)
    {
        using IProducer<Null, byte[]> producer = new ProducerBuilder<Null, byte[]>(config).Build();
        Message<Null, byte[]> message = new() { Value = value };
        long failed = 0;
        producer.Produce(topic, message);
        producer.Flush(TimeSpan.FromMinutes(1));
        Measure(() =>
        {
            for (int i = 1; i < records; i++)
            {
                producer.Produce(topic, message, report => failed += report.Error.IsError ? 1 : 0);
            }

            producer.Flush(TimeSpan.FromMinutes(5));
        });
        if (failed > 0)
        {
            throw new InvalidOperationException($"{failed} records were not acknowledged");
        }
    }

    private static async Task AwaitAsync(ProducerConfig config, string topic, int records, byte[] value)
    {
        using IProducer<Null, byte[]> producer = new ProducerBuilder<Null, byte[]>(config).Build();
        Message<Null, byte[]> message = new() { Value = value };
        double[] times = new double[records];
        Use before = default;
        for (int i = 0; i < records; i++)
        {
            before = i == WarmUp ? Use.Now() : before;
            long start = Stopwatch.GetTimestamp();
            await producer.ProduceAsync(topic, message);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Say(before, times[WarmUp..]);
    }

    private static void Transact(ProducerConfig config, string topic, int records, byte[] value)
    {
        using IProducer<Null, byte[]> producer = new ProducerBuilder<Null, byte[]>(config).Build();
        producer.InitTransactions(TimeSpan.FromMinutes(1));
        double[] times = new double[records];
        Use before = Use.Now();
        for (int i = 0; i < records; i++)
        {
            long start = Stopwatch.GetTimestamp();
            producer.BeginTransaction();
            producer.Produce(topic, new Message<Null, byte[]> { Value = value });
            producer.CommitTransaction();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Say(before, times);
    }

    private static void Consume(string bootstrap, string topic, int records)
    {
        using IConsumer<Ignore, byte[]> consumer = new ConsumerBuilder<Ignore, byte[]>(
            new ConsumerConfig
            {
                BootstrapServers = bootstrap,
                GroupId = topic,
                AutoOffsetReset = AutoOffsetReset.Earliest,
                EnableAutoCommit = false,
                QueuedMaxMessagesKbytes = 2_000_000,
                QueuedMinMessages = 10_000_000,
                FetchMaxBytes = 64 << 20,
            }
        ).Build();
        using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        int partitions = admin.GetMetadata(topic, TimeSpan.FromMinutes(1)).Topics[0].Partitions.Count;
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        Measure(() =>
        {
            for (int read = 0; read < records; read++)
            {
                _ = consumer.Consume(TimeSpan.FromMinutes(1)) ?? throw new InvalidOperationException($"only {read} records came");
            }
        });
    }

    private static void Measure(Action load)
    {
        Use before = Use.Now();
        load();
        Say(before, [0]);
    }

    private static void Say(Use before, double[] times)
    {
        Use after = Use.Now();
        Array.Sort(times);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(after.Ticks - before.Ticks) / (double)Stopwatch.Frequency} {after.Processor - before.Processor} "
                    + $"{times[times.Length / 2]} {times[times.Length * 99 / 100]}"
            )
        );
    }

    private readonly record struct Use(long Ticks, double Processor)
    {
        public static Use Now() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime.TotalSeconds);
    }
}
