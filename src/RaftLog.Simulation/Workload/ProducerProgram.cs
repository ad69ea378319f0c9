using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>A program that produces numbered records with the shipped producer, idempotent and with acks=all, and notes what became of each.</summary>
internal sealed class ProducerProgram
{
    private const int MaxOutstanding = 32;

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimRandom _random;
    private readonly SimulationOptions _options;
    private readonly string _topic;
    private readonly int _number;
    private readonly List<SentRecord> _sends = [];
    private Producer? _producer;
    private int _generation;
    private int _outstanding;
    private bool _isNew;
    private bool _stopped;

    internal ProducerProgram(SimCluster world, SimulationOptions options, string topic, int number, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _options = options;
        _topic = topic;
        _number = number;
        _random = random.Split("producer", number);
        (_program, _cluster) = world.NewClient();
        _program.Run("produce", RunAsync);
    }

    /// <summary>Every send, in the order of the calls.</summary>
    internal IReadOnlyList<SentRecord> Sends => _sends;

    /// <summary>Partitions that it sends nothing to.</summary>
    internal IReadOnlySet<int> Avoided { get; set; } = new SortedSet<int>();

    /// <summary>How many were acknowledged, by partition.</summary>
    internal SortedDictionary<int, int> Acknowledged { get; } = [];

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _stopped && _outstanding == 0;

    internal void Stop() => _stopped = true;

    /// <summary>The program is killed: what it had not heard of stays unknown.</summary>
    internal void Crash()
    {
        _program.Kill();
        _stopped = true;
        _outstanding = 0;
    }

    private async Task RunAsync()
    {
        Open();
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(_options.SendInterval), _program.Time);
            if (_outstanding < MaxOutstanding && !_stopped)
            {
                Task sent = SendAsync();
                if (_isNew)
                {
                    // The order of calls is the order of records only once the producer knows the topic.
                    _isNew = false;
                    await sent;
                }
            }
        }
    }

    private void Open()
    {
        _generation++;
        _isNew = true;
        _producer = _cluster.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(15), MaxBlock = TimeSpan.FromSeconds(15) });
    }

    private async Task SendAsync()
    {
        int partition = _random.Next(_options.Partitions);
        if (Avoided.Contains(partition))
        {
            return;
        }

        int index = _sends.Count;
        RecordValue value = new(((long)_number << 32) | (uint)index);
        SentRecord sent = new((_number * 1000) + _generation, new TopicPartition(_topic, partition), value, SendOutcome.Unknown, Offset.None)
        {
            InvokedUs = _scheduler.NowUs,
        };
        _sends.Add(sent);
        _outstanding++;
        Producer producer = _producer!;
        try
        {
            ProduceResult result = await producer.ProduceAsync(_topic, new ProducerRecord(null, Payload.Write(value, _options.MaxFill)) { Partition = partition });
            _sends[index] = sent with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset, CompletedUs = _scheduler.NowUs };
            Acknowledged[partition] = Acknowledged.GetValueOrDefault(partition) + 1;
        }
        catch (KafkaException)
        {
            // Whether it stands somewhere is unknown. A producer that gave up is replaced: its successor is another one for the order of sends.
            if (ReferenceEquals(producer, _producer))
            {
                Open();
            }
        }

        _outstanding--;
    }
}
