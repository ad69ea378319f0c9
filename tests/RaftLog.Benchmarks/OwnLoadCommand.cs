using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;
using RaftLog.Benchmarks.Load;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>client-load</c>: one load of <c>clients</c> with RaftLog.Client, as a process of its own. Says in one line: seconds, seconds of
/// processor, milliseconds of half and of 99 of 100 single calls, bytes allocated a record in the second half.
/// </summary>
internal static class OwnLoadCommand
{
    private const int WarmUp = 200;

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Argument<string> load = new("load");
        Argument<string> bootstrap = new("bootstrap");
        Argument<string> topic = new("topic");
        Argument<int> records = new("records");
        Argument<int> bytes = new("bytes");
        Argument<string> acks = new("acks");
        System.CommandLine.Command command = new("client-load", "One load of 'clients' with RaftLog's own client.")
        {
            load,
            bootstrap,
            topic,
            records,
            bytes,
            acks,
        };
        command.SetAction(async parsed =>
        {
            using KafkaCluster cluster = new(
                new ClientOptions { BootstrapServers = ClientOptions.ParseServers(parsed.GetValue(bootstrap)!) }
            );
            string which = parsed.GetValue(load)!;
            await RunAsync(
                cluster,
                which,
                parsed.GetValue(topic)!,
                parsed.GetValue(records),
                new ProducerRecord(null, new byte[parsed.GetValue(bytes)]),
                new ProducerOptions
                {
                    Acks = parsed.GetValue(acks) == "all" ? Acks.All : Acks.Leader,
                    Linger = which == "produce" ? TimeSpan.FromMilliseconds(5) : TimeSpan.Zero,
                    TransactionalId = which == "transactions" ? parsed.GetValue(topic) : null,
                }
            );
            return 0;
        });
        return command;
    }

    private static Task RunAsync(
        KafkaCluster cluster,
        string load,
        string topic,
        int records,
        ProducerRecord record,
        ProducerOptions options
    ) =>
        load switch
        {
            "produce" => ProduceAsync(cluster, topic, records, record, options),
            "await" => AwaitAsync(cluster, topic, records, record, options),
            "consume" => ConsumeAsync(cluster, topic, records),
            "ping-pong" => PingPongAsync(int.Parse(topic, CultureInfo.InvariantCulture), records, record.Value!.Value.Length),
            "transactions" => TransactAsync(cluster, topic, records, record, options),
            _ => throw new ArgumentException($"there is no load '{load}'"),
        };

    private static async Task ProduceAsync(KafkaCluster cluster, string topic, int records, ProducerRecord record, ProducerOptions options)
    {
        await using Producer producer = cluster.CreateProducer(options);
        await producer.ProduceAsync(topic, record);
        int failed = 0;
        void Count(ProduceResult result, Exception? failure) => failed += failure is null ? 0 : 1;

        Action<ProduceResult, Exception?> delivered = Count;
        Use before = Use.Now();
        long allocated = 0;
        for (int i = 1; i < records; i++)
        {
            await producer.EnqueueAsync(topic, record, delivered);
            allocated = i == records / 2 ? GC.GetTotalAllocatedBytes(precise: true) : allocated;
        }

        await producer.FlushAsync();
        Say(before, [0], allocated, records - (records / 2));
        if (failed > 0)
        {
            throw new InvalidOperationException($"{failed} records were not acknowledged");
        }
    }

    private static async Task AwaitAsync(KafkaCluster cluster, string topic, int records, ProducerRecord record, ProducerOptions options)
    {
        await using Producer producer = cluster.CreateProducer(options);
        double[] times = new double[records];
        Use before = default;
        long allocated = 0;
        for (int i = 0; i < records; i++)
        {
            before = i == WarmUp ? Use.Now() : before;
            long start = TimeProvider.System.GetTimestamp();
            await producer.ProduceAsync(topic, record);
            times[i] = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
            allocated = i == records / 2 ? GC.GetTotalAllocatedBytes(precise: true) : allocated;
        }

        Say(before, times[WarmUp..], allocated, records - (records / 2));
    }

    private static async Task PingPongAsync(int port, int records, int bytes)
    {
        using Socket socket = await PingPong.ConnectAsync(port);
        byte[] request = new byte[bytes + PingPong.RequestOverhead];
        byte[] response = new byte[PingPong.ResponseBytes];
        double[] times = new double[records];
        Use before = default;
        for (int i = 0; i < records; i++)
        {
            before = i == WarmUp ? Use.Now() : before;
            long start = TimeProvider.System.GetTimestamp();
            await PingPong.ExchangeAsync(socket, request, response);
            times[i] = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
        }

        Say(before, times[WarmUp..], before.Allocated, records);
    }

    private static async Task TransactAsync(KafkaCluster cluster, string topic, int records, ProducerRecord record, ProducerOptions options)
    {
        await using Producer producer = cluster.CreateProducer(options);
        await producer.InitTransactionsAsync();
        double[] times = new double[records];
        Use before = Use.Now();
        long allocated = 0;
        for (int i = 0; i < records; i++)
        {
            long start = TimeProvider.System.GetTimestamp();
            await using Transaction transaction = producer.BeginTransaction();
            producer.Produce(topic, record);
            await transaction.CommitAsync();
            times[i] = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
            allocated = i == records / 2 ? GC.GetTotalAllocatedBytes(precise: true) : allocated;
        }

        Say(before, times, allocated, records - (records / 2));
    }

    private static async Task ConsumeAsync(KafkaCluster cluster, string topic, int records)
    {
        int partitions = (await cluster.Admin.DescribeTopicsAsync([topic]))[0].Partitions.Count;
        using Consumer consumer = cluster.CreateConsumer(new ConsumerOptions());
        consumer.Assign(
            Enumerable.Range(0, partitions).ToDictionary(partition => new TopicPartition(topic, partition), _ => StartAt.Beginning)
        );
        Use before = Use.Now();
        int read = 0;
        long allocated = 0;
        int half = 0;
        while (read < records)
        {
            using FetchedRecords? fetched = await consumer.ReadAsync(TimeSpan.FromMinutes(1));
            foreach (RecordView record in fetched ?? throw new InvalidOperationException($"only {read} records came"))
            {
                read++;
            }

            if (half == 0 && read >= records / 2)
            {
                (half, allocated) = (read, GC.GetTotalAllocatedBytes(precise: true));
            }
        }

        Say(before, [0], allocated, records - half);
    }

    private static void Say(Use before, double[] times, long allocatedBefore, int records)
    {
        Use after = Use.Now();
        Array.Sort(times);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{TimeProvider.System.GetElapsedTime(before.Started, after.Started).TotalSeconds} {after.Processor - before.Processor} "
                    + $"{times[times.Length / 2]} {times[times.Length * 99 / 100]} {(after.Allocated - allocatedBefore) / (double)records}"
            )
        );
    }

    private readonly record struct Use(long Started, double Processor, long Allocated)
    {
        public static Use Now() =>
            new(TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime.TotalSeconds, GC.GetTotalAllocatedBytes(precise: true));
    }
}
