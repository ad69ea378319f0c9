using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// As <see cref="PipelineProgram"/>, with the shipped client: its consumer as a member of a group, its producer, and its transactions. Now
/// and then it aborts and reads the same again, or is silent for longer than its session in the middle of a transaction.
/// </summary>
internal sealed class ClientPipelineProgram : IPipelineProgram
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(8);

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
    private bool _stopped;

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
    {
        _scheduler = world.Scheduler;
        (_program, _cluster) = client;
        (_options, _random, _number, _group, _input, _outputs) = (options, random, number, group, input, outputs);
        Log = new TransactionLog(number);
    }

    /// <inheritdoc/>
    public TransactionLog Log { get; }

    /// <inheritdoc/>
    public GroupLog Group { get; } = new();

    /// <inheritdoc/>
    public bool IsDone { get; private set; }

    /// <inheritdoc/>
    public void Stop() => _stopped = true;

    /// <inheritdoc/>
    public async Task RunAsync()
    {
        while (!_stopped)
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

        IsDone = true;
    }

    /// <summary>One incarnation of its producer and of its member, up to the first failure that these cannot go on after.</summary>
    private async Task LiveAsync()
    {
        long invoked = _scheduler.NowUs;
        string transactionalId = $"{_group}-client-{_number}";
        await using Producer producer = _cluster.CreateProducer(
            new ProducerOptions
            {
                TransactionalId = transactionalId,
                TransactionTimeout = CoordinatedWork.Session,
                DeliveryTimeout = Delivery,
                MaxBlock = Delivery,
            }
        );
        await producer.InitTransactionsAsync();
        ProducerSession session = new(transactionalId, Log.NextSession(), invoked, _scheduler.NowUs);
        Log.Add(session);
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
        while (!_stopped)
        {
            using FetchedRecords? records = await consumer.ReadAsync(Turn);
            if (records is not null)
            {
                await TransformAsync(session, producer, consumer, records);
            }
        }
    }

    private async Task TransformAsync(ProducerSession session, Producer producer, Consumer consumer, FetchedRecords records)
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
        ClientTransaction noted = Log.Begin(session);
        try
        {
            await using Transaction transaction = producer.BeginTransaction();
            foreach (Offset offset in offsets)
            {
                Send(session, noted, transaction, records.Partition, offset);
            }

            if (choice == 99)
            {
                await Task.Delay(CoordinatedWork.Session * 1.5, _program.Time);
            }

            await transaction.SendOffsetsAsync(member, new SortedDictionary<TopicPartition, Offset> { [records.Partition] = records.Next });
            if (choice < 5)
            {
                await transaction.AbortAsync();
                GoBack(consumer, records.Partition, offsets[0]);
                return;
            }

            noted = noted with { CommitInvokedUs = _scheduler.NowUs, Outcome = SendOutcome.Unknown };
            Log.Update(noted);
            await transaction.CommitAsync();
            Log.Update(noted with { Outcome = SendOutcome.Acknowledged, CompletedUs = _scheduler.NowUs });
        }
        catch (KafkaException failure) when (failure.NeedsAbort)
        {
            // Disposed by now, and so aborted: the producer goes on, and the member reads the same again if it still may.
            _scheduler.Say($"{_program.Name}: a transaction is aborted: {failure.Message}");
            GoBack(consumer, records.Partition, offsets[0]);
        }
    }

    private void Send(ProducerSession session, ClientTransaction noted, Transaction transaction, TopicPartition input, Offset offset)
    {
        TopicPartition output = _outputs[input.Partition % _outputs.Count];
        SentRecord sent = new(session.Number, output, Log.NextValue(), SendOutcome.Rejected, Offset.None)
        {
            InvokedUs = _scheduler.NowUs,
            Transaction = noted.Number,
            Source = (input, offset),
        };
        Log.Add(sent);
        _ = NoteAsync(
            sent,
            transaction.ProduceAsync(
                output.Topic,
                new ProducerRecord(null, Payload.Write(sent.Value, _options.MaxFill)) { Partition = output.Partition }
            )
        );
    }

    private async Task NoteAsync(SentRecord sent, ValueTask<ProduceResult> produced)
    {
        try
        {
            ProduceResult result = await produced;
            Log.Place(sent with { Offset = result.Offset, CompletedUs = _scheduler.NowUs });
        }
        catch (KafkaException)
        {
            // The end of its transaction says what became of it.
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
