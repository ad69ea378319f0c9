using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that reads the compacted topic from its beginning to its end, again and again, with a new consumer each time.
/// </summary>
internal sealed class KeyedReader
{
    private static readonly TopicPartition Partition = new(LogTopic.Compacted, 0);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimulationOptions _options;
    private readonly List<KeyedRead> _reads = [];
    private bool _stopped;

    internal KeyedReader(SimCluster world, SimulationOptions options)
    {
        _scheduler = world.Scheduler;
        _options = options;
        (_program, _cluster) = world.NewClient();
        _program.Run("read keys", RunAsync);
    }

    /// <summary>What came to the end.</summary>
    internal IReadOnlyList<KeyedRead> Reads => _reads;

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        while (!_stopped)
        {
            try
            {
                await ReadAsync();
            }
            catch (KafkaException failure)
            {
                _scheduler.Say($"{_program.Name}: the reader of keys begins anew: {failure.Message}");
            }

            await Task.Delay(Pause, _program.Time);
        }
    }

    private async Task ReadAsync()
    {
        long begun = _scheduler.NowUs;
        Offset end = (
            await _cluster.Admin.ListOffsetsAsync(new SortedDictionary<TopicPartition, OffsetSpec> { [Partition] = OffsetSpec.Latest })
        )[Partition].Offset;
        using Consumer consumer = _cluster.CreateConsumer(new ConsumerOptions { CheckCrcs = _options.ClientsCheckChecksums });
        consumer.Assign(new SortedDictionary<TopicPartition, StartAt> { [Partition] = StartAt.Beginning });
        List<KeyedRecord> records = [];
        Offset next = Offset.Zero;
        while (next < end && !_stopped)
        {
            using FetchedRecords? fetched = await consumer.ReadAsync(Turn);
            if (fetched is not null)
            {
                Note(fetched, records);
                next = fetched.Next;
            }
        }

        if (next >= end)
        {
            _reads.Add(new KeyedRead(_reads.Count + 1, begun, _scheduler.NowUs, end, records));
        }
    }

    private void Note(FetchedRecords fetched, List<KeyedRecord> records)
    {
        foreach (RecordView record in fetched)
        {
            RecordValue? value = null;
            if (!record.Value.IsNull)
            {
                value = Payload.TryRead(record.Value.Span, maxFill: 60, out RecordValue read) ? read : new RecordValue(-1);
            }

            records.Add(new KeyedRecord(record.Offset, KeyedProgram.KeyOf(record.Key.Span), value));
        }
    }
}
