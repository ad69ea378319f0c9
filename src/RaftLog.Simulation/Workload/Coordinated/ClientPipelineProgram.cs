using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// As <see cref="PipelineProgram"/>, with the shipped client: its consumer as a member of a group, its producer, and its transactions. Now
/// and then it aborts and reads the same again, or is silent for longer than its session in the middle of a transaction.
/// </summary>
internal sealed class ClientPipelineProgram : TransactionalProgram
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(700);

    /// <summary>
    /// A machine that loses its power tells nobody. Whoever waits for its response to JoinGroup, which may take as long as this by itself,
    /// finds out no sooner.
    /// </summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimulationOptions _options;
    private readonly SimRandom _random;
    private readonly string _group;
    private readonly int _number;
    private readonly string _input;
    private readonly IReadOnlyList<TopicPartition> _outputs;

    /// <param name="world">What it runs in.</param>
    /// <param name="client">Its process, and the cluster as it sees it.</param>
    /// <param name="options">What the run is like.</param>
    /// <param name="random">Its own random numbers.</param>
    /// <param name="number">Its number.</param>
    /// <param name="group">The group.</param>
    /// <param name="input">The topic that it reads.</param>
    /// <param name="outputs">The partitions that it writes to.</param>
    public ClientPipelineProgram(
        SimCluster world,
        (Incarnation Program, KafkaCluster Cluster) client,
        SimulationOptions options,
        SimRandom random,
        int number,
        string group,
        string input,
        IReadOnlyList<TopicPartition> outputs
    )
        : base(number)
    {
        _scheduler = world.Scheduler;
        (_program, _cluster) = client;
        (_options, _random, _number, _group, _input, _outputs) = (options, random, number, group, input, outputs);
    }

    /// <summary>What it did in its group.</summary>
    public GroupLog Group { get; } = new();

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (!IsStopped)
        {
            try
            {
                await LiveAsync();
            }
            catch (KafkaException failure)
            {
                _scheduler.Say($"{_program.Name}: the pipeline begins anew: {failure.Message}");
                await Task.Delay(Rest, _program.Time);
            }
        }
    }

    /// <summary>One incarnation of its producer and of its member, up to the first failure that these cannot go on after.</summary>
    private async Task LiveAsync()
    {
        await using ClientIncarnation producer = await ClientIncarnation.OpenAsync(
            _scheduler,
            _cluster,
            _options,
            Log,
            $"{_group}-client-{_number}"
        );
        await using Consumer consumer = _cluster.CreateConsumer(
            new ConsumerOptions
            {
                GroupId = _group,
                GroupProtocol = _options.Coordinated.IsClassic ? GroupProtocol.Classic : GroupProtocol.Consumer,
                SessionTimeout = CoordinatedWork.Session,
                HeartbeatInterval = Beat,
                MaxPollInterval = PollInterval,
                AutoCommit = false,
                OffsetReset = OffsetReset.Earliest,
                ReadCommitted = true,
            }
        );
        consumer.Subscribe([_input]);
        while (!IsStopped)
        {
            using FetchedRecords? records = await consumer.ReadAsync(Turn);
            if (records is not null)
            {
                await TransformAsync(producer, consumer, records);
            }
        }
    }

    private async Task TransformAsync(ClientIncarnation producer, Consumer consumer, FetchedRecords records)
    {
        List<Offset> offsets = [];
        foreach (RecordView record in records)
        {
            offsets.Add(record.Offset);
        }

        if (offsets.Count == 0)
        {
            return;
        }

        int choice = _random.Next(100);
        ConsumerGroupMetadata member = consumer.GroupMetadata;
        try
        {
            await using NotedTransaction transaction = producer.Begin();
            foreach (Offset offset in offsets)
            {
                transaction.Send(_outputs[records.Partition.Partition % _outputs.Count], source: (records.Partition, offset));
            }

            if (choice == 99)
            {
                await Task.Delay(CoordinatedWork.Session * 1.5, _program.Time);
            }

            await transaction.SendOffsetsAsync(member, records.Partition, records.Next);
            if (choice < 5)
            {
                await transaction.AbortAsync();
                GoBack(consumer, records.Partition, offsets[0]);
                return;
            }

            await transaction.CommitAsync();
        }
        catch (KafkaException failure) when (failure.NeedsAbort)
        {
            // Disposed by now, and so aborted: the producer goes on, and the member reads the same again if it still may.
            _scheduler.Say($"{_program.Name}: a transaction is aborted: {failure.Message}");
            GoBack(consumer, records.Partition, offsets[0]);
        }
    }

    private static void GoBack(Consumer consumer, TopicPartition partition, Offset offset)
    {
        if (consumer.Assigned.Contains(partition))
        {
            consumer.Seek(partition, StartAt.Offset(offset));
        }
    }
}
