using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>A program that reads every partition from its beginning with the shipped consumer, and notes what it saw.</summary>
internal sealed class ConsumerProgram
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private readonly List<SeenRecord> _seen = [];
    private readonly List<SeenHighWatermark> _highWatermarks = [];
    private readonly SimulationOptions _options;
    private readonly int _number;
    private int _generation;
    private bool _stopped;

    internal ConsumerProgram(SimCluster world, SimulationOptions options, IReadOnlyList<TopicPartition> partitions, int number)
    {
        _scheduler = world.Scheduler;
        _options = options;
        _partitions = partitions;
        _number = number;
        (_program, _cluster) = world.NewClient();
        _program.Run("consume", RunAsync);
    }

    /// <summary>What it saw, in order.</summary>
    internal IReadOnlyList<SeenRecord> Seen => _seen;

    /// <summary>What it was told of high watermarks, in order.</summary>
    internal IReadOnlyList<SeenHighWatermark> HighWatermarks => _highWatermarks;

    /// <summary>How many reads brought something.</summary>
    internal int Reads { get; private set; }

    /// <summary>Where it goes on, by partition.</summary>
    internal SortedDictionary<TopicPartition, Offset> Positions { get; } = [];

    internal void Stop() => _stopped = true;

    /// <summary>The program is killed.</summary>
    internal void Crash() => _program.Kill();

    private async Task RunAsync()
    {
        while (!_stopped)
        {
            _generation++;
            using Consumer consumer = _cluster.CreateConsumer(
                new ConsumerOptions { CheckCrcs = _options.ClientsCheckChecksums, ReadCommitted = _options.Coordinated.IsAny }
            );
            consumer.Assign(new SortedDictionary<TopicPartition, StartAt>(_partitions.ToDictionary(each => each, _ => StartAt.Beginning)));
            try
            {
                while (!_stopped)
                {
                    using FetchedRecords? records = await consumer.ReadAsync(Turn);
                    if (records is not null)
                    {
                        Note(records);
                    }
                }
            }
            catch (KafkaException failure)
            {
                _scheduler.Say($"{_program.Name}: the consumer begins anew: {failure.Message}");
                await Task.Delay(Turn, _program.Time);
            }
        }
    }

    private void Note(FetchedRecords records)
    {
        Reads++;
        int reader = (_number * 1000) + _generation;
        if (records.Leadership != LeaderEpoch.None)
        {
            _highWatermarks.Add(new SeenHighWatermark(reader, records.Partition, records.Leadership, records.HighWatermark));
        }

        foreach (RecordView record in records)
        {
            if (!Payload.TryRead(record.Value.Span, _options.MaxFill, out RecordValue value))
            {
                _scheduler.Fail($"{_program.Name} was given bytes that nobody wrote, at {record.Partition} offset {record.Offset}");
                return;
            }

            _seen.Add(
                new SeenRecord(reader, record.Partition, record.Offset, value)
                {
                    AtUs = _scheduler.NowUs,
                    Poll = (_number * 1_000_000) + Reads,
                }
            );
        }

        Positions[records.Partition] = records.Next;
    }
}
