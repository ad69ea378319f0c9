using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Observability;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// Reads the partitions that it is given, each from where it is told, or its part of the topics that a group shares. Reads ahead in the
/// background; <see cref="ReadAsync"/> hands out whole fetches, whose records are views without copies, and <see cref="ConsumeAsync"/>
/// single records. One reader at a time. <see cref="DisposeAsync"/> commits and leaves the group; <see cref="Dispose"/> just stops.
/// </summary>
public sealed class Consumer : IDisposable, IAsyncDisposable
{
    private const int DefaultBatch = 500;

    private readonly ClientRuntime _runtime;
    private readonly Assignment _assignment;
    private readonly FetchLoop _fetches;
    private readonly ConsumerGroup? _group;
    private readonly ConsumerOptions _options;
    private readonly ConsumerReader _reader;
    private readonly CopiedStream _copied;
    private readonly ParallelConsumption _parallel;
    private readonly ConsumerProgress _progress;

    internal Consumer(
        ConsumerOptions options,
        ClientRuntime runtime,
        ConnectionTable connections,
        ClusterCalls calls,
        ClusterMetadata metadata
    )
    {
        _runtime = runtime;
        _assignment = new Assignment(options, runtime.Options.CallTimeout);
        _fetches = new FetchLoop(options, runtime, connections.OpenSet(), calls, metadata, _assignment);

        _options = options;
        _group = options.GroupId is { } group
            ? new ConsumerGroup(group, options, runtime, connections, calls, metadata, _assignment, _fetches.Wake)
            : null;
        _reader = new ConsumerReader(options, runtime, _assignment, _fetches, _group);
        _copied = new CopiedStream(_reader);
        _parallel = new ParallelConsumption(options, runtime, _assignment, _reader, _group);
        _progress = new ConsumerProgress(runtime, _assignment, _reader, _parallel, _group);
        runtime.Telemetry.Add(this);
    }

    /// <summary>The group that it shares its topics with, or null (group.id).</summary>
    public string? GroupId => _options.GroupId;

    /// <summary>The partitions that are read now.</summary>
    public IReadOnlyList<TopicPartition> Assigned => _assignment.Partitions;

    /// <summary>The consumer's place in its group now, for offsets that a transaction commits.</summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    public ConsumerGroupMetadata GroupMetadata
    {
        get
        {
            GroupIdentity identity = Group.Identity;
            return new ConsumerGroupMetadata(_options.GroupId!, identity.Generation, identity.MemberId, _options.GroupInstanceId)
            {
                EpochBefore = _assignment.Offsets.EpochBefore,
            };
        }
    }

    /// <summary>
    /// Shares these topics with the other members of the group from now on. Partitions come and go within <see cref="ReadAsync"/>; each
    /// begins at its committed offset, or where <see cref="ConsumerOptions.OffsetReset"/> says.
    /// </summary>
    /// <param name="topics">The topics.</param>
    /// <param name="listener">Hears what is given and taken, or null.</param>
    /// <exception cref="InvalidOperationException">The consumer has no group, or was given partitions by
    /// <see cref="Assign(IReadOnlyDictionary{TopicPartition, StartAt})"/>.</exception>
    public void Subscribe(IReadOnlyList<string> topics, IRebalanceListener? listener = null) =>
        Joinable().Subscribe(GroupTopics.Of(topics), listener);

    /// <summary>
    /// Shares the topics that match, as <see cref="Subscribe(IReadOnlyList{string}, IRebalanceListener?)"/> does. This client looks for
    /// them, at once and then every <see cref="ClientOptions.MetadataMaxAge"/>; internal topics are left out. The expression matches
    /// anywhere in a name unless it is anchored.
    /// </summary>
    /// <param name="topics">Matches the topics. Give it a time limit, or <see cref="RegexOptions.NonBacktracking"/>, when it comes from
    /// others.</param>
    /// <param name="listener">Hears what is given and taken, or null.</param>
    /// <inheritdoc cref="Subscribe(IReadOnlyList{string}, IRebalanceListener?)" path="/exception"/>
    public void Subscribe(Regex topics, IRebalanceListener? listener = null) => Joinable().Subscribe(topics, listener);

    /// <summary>
    /// Shares the topics that the coordinator matches with an RE2 expression, which is about whole names (KIP-848). New topics are found
    /// without this client's doing.
    /// </summary>
    /// <param name="expression">The expression. One that the coordinator cannot read fails the next read.</param>
    /// <param name="listener">Hears what is given and taken, or null.</param>
    /// <exception cref="InvalidOperationException">As for topics; or the group is one of the classic protocol, whose coordinator matches
    /// nothing.</exception>
    public void SubscribePattern(string expression, IRebalanceListener? listener = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(expression);
        if (_options.GroupProtocol != GroupProtocol.Consumer)
        {
            throw new InvalidOperationException(
                "the coordinator matches expressions in the consumer protocol only: set ConsumerOptions.GroupProtocol, or subscribe "
                    + "with a Regex, which this client matches"
            );
        }

        Joinable().Subscribe(new GroupTopics([], expression), listener);
    }

    /// <summary>
    /// Commits what was handed out so far, of all partitions (of <see cref="ConsumeAsync"/> the records before the current one); where
    /// offsets are stored, by <see cref="StoreOffset"/> or by <see cref="ProcessAsync"/>, these.
    /// </summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    /// <exception cref="KafkaException">Nothing was committed: the member is out of the group, or the coordinator could not be reached in
    /// time.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask CommitAsync(CancellationToken cancel = default) =>
        Group.CommitAsync(_assignment.Offsets.Committable(_assignment.Partitions), NewDeadline(cancel));

    /// <summary>Commits offsets: of each partition the next one to read.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)" path="/exception"/>
    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, Offset> offsets, CancellationToken cancel = default)
    {
        SortedDictionary<TopicPartition, OffsetAndEpoch> places = [];
        foreach ((TopicPartition partition, Offset offset) in offsets)
        {
            places.Add(partition, new OffsetAndEpoch(offset, _assignment.Offsets.EpochBefore(partition, offset)));
        }

        return Group.CommitAsync(places, NewDeadline(cancel));
    }

    /// <summary>Says that a partition is done up to an offset, for the next commit. Nothing is sent.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The next offset to read.</param>
    /// <exception cref="InvalidOperationException"><see cref="ConsumerOptions.AutoOffsetStore"/> is set, so the consumer stores offsets
    /// itself.</exception>
    /// <exception cref="ArgumentException">The partition is not assigned.</exception>
    public void StoreOffset(TopicPartition partition, Offset offset)
    {
        if (_options.AutoOffsetStore)
        {
            throw new InvalidOperationException(
                "the consumer stores what it hands out; set ConsumerOptions.AutoOffsetStore (enable.auto.offset.store) to false to "
                    + "store offsets yourself"
            );
        }

        if (!_assignment.Offsets.TryStore(partition, offset))
        {
            throw new ArgumentException($"{partition} is not assigned to this consumer", nameof(partition));
        }
    }

    /// <summary>
    /// The offset up to which a partition is done, as <see cref="StoreOffset"/> or <see cref="ProcessAsync"/> has stored it for the next
    /// commit; <see cref="Offset.None"/> before, and when the partition is not assigned.
    /// </summary>
    public Offset StoredOffset(TopicPartition partition) => _assignment.Offsets.StoredOf(partition);

    /// <summary>
    /// Handles every record, with many handlers at once that keep the order that the options ask for, until it is cancelled or a handler
    /// fails. A record counts as read when its handler has ended and those of all records before it in its partition too; that is what
    /// commits, automatic or not, are about from now on. Before partitions are taken away, and at the end, running handlers are waited for.
    /// A handler that runs longer than <see cref="ConsumerOptions.MaxPollInterval"/> makes the member leave its group, so that others take
    /// over.
    /// </summary>
    /// <param name="handler">
    /// Handles one record. Its token is cancelled when nobody waits for it any more. One that ends with
    /// <see cref="OperationCanceledException"/> then, or once processing is
    /// cancelled, has not handled its record, and has not failed either.
    /// </param>
    /// <param name="options">How handlers run.</param>
    /// <param name="cancel">Ends the processing: no more handlers begin.</param>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    /// <exception cref="Exception">What a handler threw. Its record is not committed, and reading goes on at it.</exception>
    public Task ProcessAsync(
        Func<ConsumedRecord, CancellationToken, ValueTask> handler,
        ProcessingOptions? options = null,
        CancellationToken cancel = default
    ) => _parallel.RunAsync(handler, options, cancel);

    /// <summary>The committed offsets of the group; <see cref="Offset.None"/> where there is none.</summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    /// <exception cref="KafkaException">The coordinator could not be reached in time, or rejected.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> CommittedAsync(
        IReadOnlyCollection<TopicPartition> partitions,
        CancellationToken cancel = default
    ) => Group.CommittedAsync(partitions, NewDeadline(cancel));

    /// <summary>Reads these partitions from now on, and no others.</summary>
    /// <exception cref="InvalidOperationException">The consumer shares topics with a group.</exception>
    public void Assign(IReadOnlyDictionary<TopicPartition, StartAt> partitions)
    {
        if (_group is { IsSubscribed: true })
        {
            throw new InvalidOperationException("the consumer has subscribed; a consumer either shares topics or reads what it is given");
        }

        FetchLoop.Release(_assignment.Replace(partitions));
        _fetches.Wake();
    }

    /// <summary>Reads one partition from now on, and no other.</summary>
    public void Assign(TopicPartition partition, StartAt start) =>
        Assign(new SortedDictionary<TopicPartition, StartAt> { [partition] = start });

    /// <summary>Goes on somewhere else in one partition. What was fetched ahead is dropped.</summary>
    /// <exception cref="ArgumentException">The partition is not assigned.</exception>
    public void Seek(TopicPartition partition, StartAt start)
    {
        FetchLoop.Release(_assignment.Seek(partition, start));
        _fetches.Wake();
    }

    /// <summary>
    /// The offset that <see cref="ReadAsync"/> goes on at in a partition; <see cref="Offset.None"/> while it is still searched for, or when
    /// the partition is not assigned.
    /// </summary>
    public Offset Position(TopicPartition partition) => _assignment.Offsets.PositionOf(partition);

    /// <summary>Fetches and hands out nothing of these partitions until <see cref="Resume"/>; what was fetched ahead stays.</summary>
    /// <exception cref="ArgumentException">A partition is not assigned.</exception>
    public void Pause(params IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, true);

    /// <summary>Goes on with paused partitions where they were.</summary>
    /// <exception cref="ArgumentException">A partition is not assigned.</exception>
    public void Resume(params IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, false);

    /// <summary>The partitions that are paused.</summary>
    public IReadOnlyList<TopicPartition> Paused => _assignment.Paused;

    /// <summary>
    /// How many offsets of a partition lie before the end of what may be read and have not been handed out, as the last fetch told it; null
    /// before the first. Offsets, not records: compaction and transactions leave holes.
    /// </summary>
    public long? Lag(TopicPartition partition) => _assignment.Offsets.LagOf(partition);

    /// <summary>The next records of any partition; null when none came in time. Dispose them when they are read.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancel">Ends the wait early, with null; though what is given up to others is committed first, within
    /// <see cref="ConsumerOptions.CloseTimeout"/>.</param>
    /// <exception cref="KafkaException">A partition cannot be read. It stays so until a seek or a new assignment.</exception>
    public ValueTask<FetchedRecords?> ReadAsync(TimeSpan timeout, CancellationToken cancel = default) =>
        _reader.ReadWhileAsync(timeout, static _ => true, cancel);

    /// <summary>
    /// Every record, as it comes, without an end. A record counts as read, for <see cref="Position"/> and commits, when the next one is
    /// asked for; whoever stops in between goes on behind the last record that counted.
    /// </summary>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public IAsyncEnumerable<ConsumedRecord> ConsumeAsync(CancellationToken cancel = default) => _copied.RecordsAsync(cancel);

    /// <summary>
    /// The same in batches, for handlers that do many records at once: each batch is of one partition, and counts as read when the next one
    /// is asked for. A batch is what has come, up to a bound; it waits for nothing.
    /// </summary>
    /// <param name="maxRecords">The most records of a batch.</param>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    public IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> ConsumeBatchesAsync(
        int maxRecords = DefaultBatch,
        CancellationToken cancel = default
    ) => _copied.BatchesAsync(maxRecords, cancel);

    /// <summary>
    /// A stream for each partition that is read, for handlers that go side by side and keep the order within a partition: start a task
    /// for each stream and come back for the next. A record is done when its stream's next one is asked for, and what is done is committed
    /// as by <see cref="ProcessAsync"/>; a stream ends when its partition is taken away, after its reader has asked for the next record or
    /// <see cref="ProcessingOptions.DrainTimeout"/> has passed. A slow stream holds up no other. Streams are read whether or not the next
    /// is asked for; leaving the enumeration ends them all.
    /// </summary>
    /// <param name="options">Of these <see cref="ProcessingOptions.MaxPending"/> and <see cref="ProcessingOptions.DrainTimeout"/>
    /// count.</param>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="KafkaException">A partition cannot be read.</exception>
    /// <exception cref="InvalidOperationException">A reader has left its stream before the end.</exception>
    public IAsyncEnumerable<PartitionStream> ConsumePartitionsAsync(
        ProcessingOptions? options = null,
        CancellationToken cancel = default
    ) => _parallel.StreamsAsync(options, cancel);

    /// <summary>
    /// Begins a span for the handling of a record: a child of the span that sent it, or of the current one with a link to it. Dispose it at
    /// the end. <see cref="ProcessAsync"/> does so by itself.
    /// </summary>
    /// <returns>The span; null while nobody listens to <see cref="TelemetryNames.Source"/>.</returns>
    public Activity? StartProcessing(ConsumedRecord record) => _runtime.Telemetry.StartProcess(record, _options.GroupId);

    /// <summary>
    /// Whether the consumer makes progress. It does not when a partition cannot be read, or when for longer than the limit it has not
    /// been a member of its group, a handler of <see cref="ProcessAsync"/> has not ended, or records wait for a reader who does not come
    /// back.
    /// </summary>
    /// <param name="limit">How long each of them may last.</param>
    public ConsumerHealth CheckHealth(TimeSpan limit) =>
        _progress.WhyStuck(limit) is { } reason ? new ConsumerHealth(false, reason) : new ConsumerHealth(true, "");

    /// <summary>Stops reading, without a word to the group: it waits for the end of the session.</summary>
    public void Dispose()
    {
        _runtime.Telemetry.Remove(this);
        _fetches.Close();
        _group?.Dispose();
    }

    /// <summary>
    /// Commits what was read (where <see cref="ConsumerOptions.AutoCommit"/> is set), leaves the group, and stops, within
    /// <see cref="ConsumerOptions.CloseTimeout"/>. Not while a read is under way.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_group is not null)
        {
            await _group.CloseAsync();
        }

        Dispose();
    }

    private ConsumerGroup Group => _group ?? throw NoGroup();

    private ConsumerGroup Joinable() =>
        Group.IsSubscribed || _assignment.Partitions.Count == 0
            ? Group
            : throw new InvalidOperationException(
                "the consumer was given partitions by Assign; a consumer either shares topics or reads what it is given"
            );

    private static InvalidOperationException NoGroup() => new("the consumer has no group; set ConsumerOptions.GroupId (group.id)");

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);

    private void SetPaused(IReadOnlyCollection<TopicPartition> partitions, bool paused)
    {
        foreach (TopicPartition partition in partitions)
        {
            _assignment.Pause(partition, paused);
        }

        _fetches.Wake();
    }
}
