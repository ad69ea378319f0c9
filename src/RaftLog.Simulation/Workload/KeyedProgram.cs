using System.Buffers.Binary;
using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that writes the same few keys again and again into the compacted topic, tombstones among them, and notes what became of each
/// record.
/// </summary>
internal sealed class KeyedProgram
{
    private const int Keys = 24;
    private const int MaxOutstanding = 16;
    private const double TombstoneShare = 0.2;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(80);

    private readonly SimScheduler _scheduler;
    private readonly PacedProducer _producer;
    private readonly SimRandom _random;
    private readonly List<KeyedSend> _sends = [];

    internal KeyedProgram(SimCluster world, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _random = random.Split("keys");
        (Incarnation program, KafkaCluster cluster) = world.NewClient();
        _producer = new PacedProducer(program, cluster, _random, Interval, MaxOutstanding);
        program.Run("write keys", () => _producer.RunAsync(SendAsync));
    }

    /// <summary>Every send.</summary>
    internal IReadOnlyList<KeyedSend> Sends => _sends;

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _producer.IsDone;

    internal void Stop() => _producer.Stop();

    /// <summary>The key of a record's bytes; -1 for bytes that nobody wrote.</summary>
    internal static int KeyOf(ReadOnlySpan<byte> bytes) => bytes.Length == sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(bytes) : -1;

    private Task SendAsync()
    {
        int index = _sends.Count;
        int key = _random.Next(Keys);
        RecordValue? value = _random.Chance(TombstoneShare) ? null : new RecordValue(index + 1);
        KeyedSend sent = new(key, value, SendOutcome.Unknown, Offset.None, _scheduler.NowUs, null);
        _sends.Add(sent);
        byte[] name = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(name, key);
        byte[]? bytes = value is { } says ? Payload.Write(says, maxFill: 60) : null;
        return _producer.SendAsync(
            LogTopic.Compacted,
            new ProducerRecord(name, bytes) { Partition = 0 },
            result =>
                _sends[index] = sent with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset, CompletedUs = _scheduler.NowUs }
        );
    }
}
