using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that reads the topic that loses records once, from where it begins to its end. What leaves while it reads makes it begin anew.
/// </summary>
internal sealed class RetainedReader
{
    private static readonly TopicPartition Partition = new(LogTopic.Retained, 0);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimulationOptions _options;
    private readonly List<SeenRecord> _seen = [];

    internal RetainedReader(SimCluster world, SimulationOptions options)
    {
        _scheduler = world.Scheduler;
        _options = options;
        (_program, _cluster) = world.NewClient();
        _program.Run("read what is left", RunAsync);
    }

    /// <summary>True when it has come to the end.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>Where the log began, as the last search before the end said.</summary>
    internal Offset Start { get; private set; }

    /// <summary>What it saw.</summary>
    internal IReadOnlyList<SeenRecord> Seen => _seen;

    private async Task RunAsync()
    {
        while (!IsDone)
        {
            try
            {
                IsDone = await ReadAsync();
            }
            catch (KafkaException failure)
            {
                _scheduler.Say($"{_program.Name}: the reader of what is left begins anew: {failure.Message}");
                await Task.Delay(Turn, _program.Time);
            }
        }
    }

    private async Task<bool> ReadAsync()
    {
        _seen.Clear();
        Offset end = await FindAsync(OffsetSpec.Latest);
        using Consumer consumer = _cluster.CreateConsumer(
            new ConsumerOptions { CheckCrcs = _options.ClientsCheckChecksums, OffsetReset = OffsetReset.Earliest }
        );
        consumer.Assign(new SortedDictionary<TopicPartition, StartAt> { [Partition] = StartAt.Beginning });
        for (Offset next = await FindAsync(OffsetSpec.Earliest); next < end; )
        {
            using FetchedRecords? fetched = await consumer.ReadAsync(Turn);
            if (fetched is null)
            {
                Start = await FindAsync(OffsetSpec.Earliest);
                next = Offset.Max(next, Start);
                continue;
            }

            foreach (RecordView record in fetched)
            {
                _seen.Add(
                    new SeenRecord(
                        1,
                        Partition,
                        record.Offset,
                        Payload.TryRead(record.Value.Span, TrimProgram.MaxFill, out RecordValue value) ? value : new RecordValue(-1)
                    )
                );
            }

            next = fetched.Next;
        }

        // What was seen and has left since is judged no more, as what was acknowledged there.
        Start = await FindAsync(OffsetSpec.Earliest);
        _seen.RemoveAll(each => each.Offset < Start);
        return true;
    }

    private async Task<Offset> FindAsync(OffsetSpec where) =>
        (await _cluster.Admin.ListOffsetsAsync(new SortedDictionary<TopicPartition, OffsetSpec> { [Partition] = where }))[Partition].Offset;
}
