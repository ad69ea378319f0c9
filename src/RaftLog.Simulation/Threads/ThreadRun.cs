using System.Diagnostics;
using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// The same nodes, clients and checks on the real thread pool and in real time, over networks and disks in memory, with random yields: what
/// a world of one thread cannot show is a lock that is missing.
/// </summary>
public sealed class ThreadRun
{
    private const string Topic = "t";
    private const int Producers = 6;
    private const int MaxOutstanding = 24;
    private const int PauseEvery = 16;
    private static readonly TimeSpan Uptime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Downtime = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(60);

    private readonly SimulationOptions _options;
    private readonly SimRandom _random;
    private readonly InMemoryNetwork _network = new(TimeProvider.System);
    private readonly List<ThreadNode> _nodes = [];
    private readonly List<SeenRecord> _seen = [];
    private readonly List<SeenRecord> _final = [];
    private volatile bool _stopped;

    private ThreadRun(ulong seed)
    {
        _random = new SimRandom(seed);
        _options = new SimulationOptions
        {
            Seed = seed,
            Properties =
            [
                new("min.insync.replicas", "2"),
                new("log.segment.bytes", "1048576"),
                new("metadata.log.max.record.bytes.between.snapshots", "4000"),
            ],
        };
    }

    /// <summary>Runs for a time, then reads everything and judges it. What happens does not follow from the seed alone.</summary>
    /// <param name="seed">Draws the load.</param>
    /// <param name="time">How long clients work.</param>
    public static async Task<SeedOutcome> RunAsync(ulong seed, TimeSpan time) => await new ThreadRun(seed).RunAsync(time);

    private async Task<SeedOutcome> RunAsync(TimeSpan time)
    {
        Stopwatch clock = Stopwatch.StartNew();
        for (int id = 1; id <= _options.Nodes; id++)
        {
            ThreadNode node = new(id, _options, _network, _random);
            _nodes.Add(node);
            await node.StartAsync();
        }

        using KafkaCluster admin = NewClient("admin");
        await CreateTopicAsync(admin);
        List<Task<List<SentRecord>>> producing = [.. Enumerable.Range(1, Producers).Select(number => Task.Run(() => ProduceAsync(number)))];
        Task consuming = Task.Run(() => ReadAsync(1, _seen, () => _stopped));
        int restarts = await RestartAsync(clock, time);
        _stopped = true;
        List<SentRecord> sends = [.. (await Task.WhenAll(producing)).SelectMany(each => each)];
        await consuming;
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await admin.Admin.ListOffsetsAsync(
            new SortedDictionary<TopicPartition, OffsetSpec>(Partitions().ToDictionary(each => each, _ => OffsetSpec.Latest))
        );
        bool complete = await ReadToAsync(ends);
        string? halted = _nodes.Select(each => each.HaltReason).FirstOrDefault(each => each is not null);
        await Task.WhenAll(_nodes.Select(each => each.StopAsync()));
        IReadOnlyList<Anomaly> anomalies = HistoryChecker.Check(
            new History
            {
                Sends = sends,
                Seen = _seen,
                Final = _final,
                IsFinalComplete = complete,
            }
        );
        return new SeedOutcome
        {
            Seed = _options.Seed,
            Hash = 0,
            Simulated = clock.Elapsed,
            Faults = restarts,
            Operations = sends.Count,
            Acknowledged = sends.Count(each => each.Outcome == SendOutcome.Acknowledged),
            Violation =
                halted is not null ? $"halted: {halted}"
                : !complete ? "liveness: the end of the log was not reached"
                : anomalies.Count > 0 ? anomalies[0].ToString()
                : null,
            Explanation = string.Join('\n', anomalies),
        };
    }

    private IEnumerable<TopicPartition> Partitions() =>
        Enumerable.Range(0, _options.Partitions).Select(each => new TopicPartition(Topic, each));

    private KafkaCluster NewClient(string name) =>
        new(
            new ClientOptions
            {
                BootstrapServers =
                [
                    .. Enumerable.Range(1, _options.Nodes).Select(id => new NetworkAddress($"n{id}", SimCluster.ClientPort)),
                ],
                ClientId = name,
            },
            new ClientWorld(TimeProvider.System, _network, new SystemEntropy())
        );

    private async Task CreateTopicAsync(KafkaCluster client)
    {
        while (true)
        {
            try
            {
                if (
                    (await client.Admin.CreateTopicsAsync([new NewTopic(Topic, _options.Partitions, (short)_options.Replicas)]))[0].Error
                    is ErrorCode.None
                        or ErrorCode.TopicAlreadyExists
                )
                {
                    return;
                }
            }
            catch (KafkaException)
            {
                // The brokers are still coming.
            }

            await Task.Delay(Downtime);
        }
    }

    private async Task<int> RestartAsync(Stopwatch clock, TimeSpan time)
    {
        int restarts = 0;
        while (clock.Elapsed < time)
        {
            await Task.Delay(Uptime);
            ThreadNode node = _nodes[restarts++ % _nodes.Count];
            await node.StopAsync();
            await Task.Delay(Downtime);
            await node.StartAsync();
        }

        return restarts;
    }

    private async Task<List<SentRecord>> ProduceAsync(int number)
    {
        SimRandom random = _random.Split("producer", number);
        List<SentRecord> sends = [];
        List<Task> outstanding = [];
        using KafkaCluster client = NewClient($"p{number}");
        Producer producer = client.CreateProducer(new ProducerOptions());
        int generation = 0;
        bool isNew = true;
        while (!_stopped)
        {
            int index = sends.Count;
            RecordValue value = new(((long)number << 32) | (uint)index);
            TopicPartition partition = new(Topic, random.Next(_options.Partitions));
            sends.Add(new SentRecord((number * 1000) + generation, partition, value, SendOutcome.Unknown, Offset.None));
            ValueTask<ProduceResult> sent = producer.ProduceAsync(
                Topic,
                new ProducerRecord(null, Payload.Write(value, _options.MaxFill)) { Partition = partition.Partition }
            );
            outstanding.Add(NoteAsync(sends, index, sent));
            if (isNew || outstanding.Count >= MaxOutstanding)
            {
                // The order of calls is the order of records only once the producer knows the topic.
                isNew = false;
                await Task.WhenAll(outstanding);
                outstanding.Clear();
            }
            else if (random.Next(PauseEvery) == 0)
            {
                await Task.Yield();
            }

            if (sends[index].Outcome == SendOutcome.Unknown && outstanding.Count == 0)
            {
                generation++;
                isNew = true;
                producer = client.CreateProducer(new ProducerOptions());
            }
        }

        await Task.WhenAll(outstanding);
        return sends;
    }

    private static async Task NoteAsync(List<SentRecord> sends, int index, ValueTask<ProduceResult> sent)
    {
        try
        {
            ProduceResult result = await sent;
            lock (sends)
            {
                sends[index] = sends[index] with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset };
            }
        }
        catch (KafkaException)
        {
            // Whether it stands somewhere is unknown.
        }
    }

    private async Task<bool> ReadToAsync(IReadOnlyDictionary<TopicPartition, FoundOffset> ends)
    {
        Stopwatch clock = Stopwatch.StartNew();
        SortedDictionary<TopicPartition, Offset> positions = [];
        bool AtEnd() =>
            Partitions()
                .All(each => ends[each].Offset == Offset.Zero || (positions.TryGetValue(each, out Offset at) && at >= ends[each].Offset));
        await ReadAsync(2, _final, () => AtEnd() || clock.Elapsed > ReadLimit, positions);
        return AtEnd();
    }

    private async Task ReadAsync(
        int number,
        List<SeenRecord> seen,
        Func<bool> done,
        SortedDictionary<TopicPartition, Offset>? positions = null
    )
    {
        using KafkaCluster client = NewClient($"c{number}");
        using Consumer consumer = client.CreateConsumer();
        consumer.Assign(new SortedDictionary<TopicPartition, StartAt>(Partitions().ToDictionary(each => each, _ => StartAt.Beginning)));
        while (!done())
        {
            using FetchedRecords? records = await consumer.ReadAsync(Poll);
            if (records is null)
            {
                continue;
            }

            foreach (RecordView record in records)
            {
                bool sound = Payload.TryRead(record.Value.Span, _options.MaxFill, out RecordValue value);
                seen.Add(new SeenRecord(number, record.Partition, record.Offset, sound ? value : new RecordValue(-1)));
            }

            if (positions is not null)
            {
                positions[records.Partition] = records.Next;
            }
        }
    }
}
