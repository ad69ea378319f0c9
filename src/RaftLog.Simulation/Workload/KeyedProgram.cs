using System.Buffers.Binary;
using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>A program that writes the same few keys again and again into the compacted topic, tombstones among them, and notes what became of each record.</summary>
internal sealed class KeyedProgram
{
    private const int Keys = 24;
    private const int MaxOutstanding = 16;
    private const double TombstoneShare = 0.2;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(80);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimRandom _random;
    private readonly List<KeyedSend> _sends = [];
    private Producer? _producer;
    private int _outstanding;
    private bool _isNew;
    private bool _stopped;

    internal KeyedProgram(SimCluster world, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _random = random.Split("keys");
        (_program, _cluster) = world.NewClient();
        _program.Run("write keys", RunAsync);
    }

    /// <summary>Every send.</summary>
    internal IReadOnlyList<KeyedSend> Sends => _sends;

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _stopped && _outstanding == 0;

    internal void Stop() => _stopped = true;

    /// <summary>The key of a record's bytes; -1 for bytes that nobody wrote.</summary>
    internal static int KeyOf(ReadOnlySpan<byte> bytes) => bytes.Length == sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(bytes) : -1;

    private async Task RunAsync()
    {
        Open();
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
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
        _isNew = true;
        _producer = _cluster.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(15), MaxBlock = TimeSpan.FromSeconds(15) });
    }

    private async Task SendAsync()
    {
        int index = _sends.Count;
        int key = _random.Next(Keys);
        RecordValue? value = _random.Chance(TombstoneShare) ? null : new RecordValue(index + 1);
        KeyedSend sent = new(key, value, SendOutcome.Unknown, Offset.None, _scheduler.NowUs, null);
        _sends.Add(sent);
        _outstanding++;
        Producer producer = _producer!;
        byte[] name = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(name, key);
        try
        {
            byte[]? bytes = value is { } says ? Payload.Write(says, maxFill: 60) : null;
            ProduceResult result = await producer.ProduceAsync(LogTopic.Compacted, new ProducerRecord(name, bytes) { Partition = 0 });
            _sends[index] = sent with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset, CompletedUs = _scheduler.NowUs };
        }
        catch (KafkaException)
        {
            // Whether it stands somewhere is unknown. A producer that gave up is replaced.
            if (ReferenceEquals(producer, _producer))
            {
                Open();
            }
        }

        _outstanding--;
    }
}
