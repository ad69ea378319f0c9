using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that produces numbered records with the shipped producer, idempotent and with acks=all, and notes what became of each.
/// </summary>
internal sealed class ProducerProgram
{
    private const int MaxOutstanding = 32;

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly PacedProducer _producer;
    private readonly SimRandom _random;
    private readonly SimulationOptions _options;
    private readonly string _topic;
    private readonly int _number;
    private readonly List<SentRecord> _sends = [];

    internal ProducerProgram(SimCluster world, SimulationOptions options, string topic, int number, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _options = options;
        _topic = topic;
        _number = number;
        _random = random.Split("producer", number);
        (_program, KafkaCluster cluster) = world.NewClient();
        _producer = new PacedProducer(_program, cluster, _random, options.SendInterval, MaxOutstanding)
        {
            Compression = options.Compression,
        };
        _program.Run("produce", () => _producer.RunAsync(SendAsync));
    }

    /// <summary>Every send, in the order of the calls.</summary>
    internal IReadOnlyList<SentRecord> Sends => _sends;

    /// <summary>Partitions that it sends nothing to.</summary>
    internal IReadOnlySet<int> Avoided { get; set; } = new SortedSet<int>();

    /// <summary>How many were acknowledged, by partition.</summary>
    internal SortedDictionary<int, int> Acknowledged { get; } = [];

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _producer.IsDone;

    internal void Stop() => _producer.Stop();

    /// <summary>The program is killed: what it had not heard of stays unknown.</summary>
    internal void Crash()
    {
        _program.Kill();
        _producer.Abandon();
    }

    private Task SendAsync()
    {
        int partition = _random.Next(_options.Partitions);
        if (Avoided.Contains(partition))
        {
            return Task.CompletedTask;
        }

        int index = _sends.Count;
        RecordValue value = new(((long)_number << 32) | (uint)index);
        SentRecord sent = new(
            (_number * 1000) + _producer.Generation,
            new TopicPartition(_topic, partition),
            value,
            SendOutcome.Unknown,
            Offset.None
        )
        {
            InvokedUs = _scheduler.NowUs,
        };
        _sends.Add(sent);
        return _producer.SendAsync(
            _topic,
            new ProducerRecord(null, Payload.Write(value, _options.MaxFill)) { Partition = partition },
            result =>
            {
                _sends[index] = sent with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset, CompletedUs = _scheduler.NowUs };
                Acknowledged[partition] = Acknowledged.GetValueOrDefault(partition) + 1;
            }
        );
    }
}
